//! Which findings let in which others: a check names those that prevent what it finds (`prevented-by`).
//!
//! A finding about namespaces is linked where one of them holds an object of the other finding; one about anything else,
//! such as a policy or the API server, concerns the whole cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::outcome::{Check, Finding};
use crate::{sort::Sort, workspace::CheckId};

/// Links the findings of one cluster.
pub(super) fn link(checks: &[Arc<Check>], findings: &mut [Finding]) {
    let mut by_check: BTreeMap<&CheckId, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.is_open()) {
        by_check.entry(&finding.check).or_default().push(index);
    }
    let mut pairs = Vec::new();
    for check in checks {
        let causes = check.prevented_by.iter().filter_map(|cause| by_check.get(cause)).flatten();
        for &cause in causes {
            let reach = reach(&findings[cause]);
            let touched = by_check.get(&check.id).into_iter().flatten();
            pairs.extend(touched.filter(|found| touches(&findings[**found], &reach)).map(|found| (*found, cause)));
        }
    }
    for (found, cause) in pairs {
        let (found_id, cause_id) = (findings[found].id.clone(), findings[cause].id.clone());
        findings[found].let_in_by.push(cause_id);
        findings[cause].lets_in.push(found_id);
    }
    for finding in findings {
        for ids in [&mut finding.let_in_by, &mut finding.lets_in] {
            ids.order();
            ids.dedup();
        }
    }
}

/// What a preventing check's finding leaves open.
enum Reach {
    Cluster,
    Namespaces(BTreeSet<Arc<str>>),
}

fn reach(finding: &Finding) -> Reach {
    let namespaces = finding.objects.iter().map(|failure| {
        let key = &failure.key;
        (key.group.is_empty() && &*key.kind == "Namespace").then(|| key.name.clone())
    });
    namespaces.collect::<Option<_>>().map_or(Reach::Cluster, Reach::Namespaces)
}

fn touches(finding: &Finding, reach: &Reach) -> bool {
    match reach {
        Reach::Cluster => true,
        Reach::Namespaces(namespaces) => {
            finding.objects.iter().any(|failure| namespaces.contains(&failure.key.namespace))
        }
    }
}
