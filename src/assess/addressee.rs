//! Whose findings are that are not about the failing object's own component: what admission lets in.

use crate::{
    checks::Addressee,
    ownership::{Join, Spot},
    workspace::Component,
};

/// Kinds by which a cluster's admission policies are recognised, the most telling first: group and kind.
const POLICIES: [(&str, &str); 4] = [
    ("kyverno.io", "ClusterPolicy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
];

/// The component to which the findings of a check go; `None`: to that of each failing object.
pub(super) fn of<'a>(addressee: Addressee, join: &Join<'a>) -> Option<&'a Component> {
    match addressee {
        Addressee::Object => None,
        Addressee::Admission => {
            let workspace = join.workspace();
            match &workspace.policy.admission {
                Some(declared) => Some(workspace.component(declared)),
                None => admission(join),
            }
        }
    }
}

/// The first component that owns an admission policy in the cluster, else that of the namespace kube-system.
fn admission<'a>(join: &Join<'a>) -> Option<&'a Component> {
    let snapshot = join.snapshot();
    let objects = |group: &str, kind: &str| {
        let list = snapshot.number(group, kind);
        list.into_iter()
            .flat_map(|list| snapshot.lists[list].seen().iter().enumerate().map(move |(object, it)| (list, object, it)))
    };
    let owner = |list, object| join.component(Spot { list, object });
    let policies = POLICIES.iter().flat_map(|(group, kind)| objects(group, kind));
    policies.filter_map(|(list, object, _)| owner(list, object)).next().or_else(|| {
        let (list, object, _) = objects("", "Namespace").find(|(_, _, namespace)| &*namespace.name == "kube-system")?;
        owner(list, object)
    })
}
