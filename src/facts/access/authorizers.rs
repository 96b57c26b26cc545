//! What decides besides RBAC. The API server asks its authorizers in turn, and one that allows is enough: RBAC alone is
//! the whole truth only where the others are known.
//!
//! In: `--authorization-mode` of kube-apiserver where its Pods are to be seen, else `authorization-modes` of the declared
//! cluster or of what its provider says. Out: [`Authorizers`], and a reading that is partial unless they are `Node` and `RBAC` alone, or
//! what the others grant was imported.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::supplied;
use crate::{
    facts::{
        control_plane::{
            self,
            flags::{self, CommandLine, Value},
            settings,
        },
        observed::Reading,
    },
    ownership::Join,
    snapshot::State,
};

/// Authorizers of one API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Authorizers {
    /// Modes in the order in which they are asked: `Node`, `RBAC`, `Webhook`.
    pub modes: Vec<String>,
    /// How they are known.
    pub known: Known,
    /// Lists of what the others grant, as imported.
    pub supplied: Vec<SuppliedGrants>,
}

/// What one authorizer grants, as somebody supplied it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppliedGrants {
    /// The authorizer, as its mode is named.
    pub authorizer: String,
    /// Who supplied it.
    pub source: String,
    /// When it was true.
    pub date: NaiveDate,
    /// File within the workspace.
    pub file: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// Rights in it.
    pub rights: usize,
}

/// How the authorizers are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// Not at all.
    #[default]
    No,
    /// The workspace declares them.
    Declared,
    /// A flag of the API server says so.
    Seen,
}

impl Authorizers {
    /// Nothing but RBAC grants anything to users: `Node` serves kubelets alone.
    pub fn rbac_alone(&self) -> bool {
        self.known != Known::No && self.others().next().is_none() && self.modes.iter().any(|mode| mode == "RBAC")
    }

    fn others(&self) -> impl Iterator<Item = &str> {
        self.modes.iter().map(String::as_str).filter(|mode| !matches!(*mode, "Node" | "RBAC"))
    }

    /// Others whose grants nobody imported.
    fn unknown(&self) -> Vec<&str> {
        let imported = |mode: &&str| self.supplied.iter().any(|list| list.authorizer.eq_ignore_ascii_case(mode));
        self.others().filter(|mode| !imported(mode)).collect()
    }

    /// What the matrix cannot show because of them, in sentences.
    pub(super) fn limits(&self) -> Vec<String> {
        let imported = self.supplied.iter().map(|list| {
            format!(
                "What {} grants is not in RBAC objects and was not observed: it is shown as {} supplied it, as of {} \
                 (rights: {}; {}, SHA-256 {}).",
                list.authorizer, list.source, list.date, list.rights, list.file, list.digest
            )
        });
        self.not_shown().into_iter().chain(imported).collect()
    }

    fn not_shown(&self) -> Vec<String> {
        let others = self.unknown();
        match self.known {
            _ if !others.is_empty() => vec![format!(
                "The API server also asks {}: what those grant is not in RBAC objects and is not shown.",
                others.join(", ")
            )],
            _ if self.others().next().is_some() => Vec::new(),
            Known::Seen => vec![
                "The API server's flag --authorization-mode says that nothing but RBAC grants rights to users."
                    .to_owned(),
            ],
            Known::Declared => vec![
                "That nothing but RBAC grants rights to users is declared; the API server's flags were not seen."
                    .to_owned(),
            ],
            Known::No => vec![
                "RBAC objects only: webhook and cloud authorizers are not ruled out, and their grants are not shown."
                    .to_owned(),
            ],
        }
    }
}

/// What is known; makes the reading partial unless it is RBAC alone.
pub(super) fn known(join: &Join<'_>, reading: &mut Reading<'_>) -> Authorizers {
    let mut found = seen(join).or_else(|| declared(join)).unwrap_or_default();
    let days = i64::from(join.workspace().policy.evidence_days);
    for list in supplied::lists(join) {
        let age = supplied::age(join, list);
        if age > days {
            let why = format!(
                "what {} grants is of {}, {age} days before the snapshot; {days} are allowed",
                list.authorizer, list.date
            );
            reading.worsen(State::Partial, why);
        }
        found.supplied.push(SuppliedGrants {
            authorizer: list.authorizer.clone(),
            source: list.source.clone(),
            date: list.date,
            file: list.file.clone(),
            digest: list.digest.clone(),
            rights: list.grants.len(),
        });
    }
    let accounted =
        found.known != Known::No && found.unknown().is_empty() && found.modes.iter().any(|mode| mode == "RBAC");
    if !accounted {
        let why = match found.known {
            Known::No => {
                "other authorizers than RBAC (webhook, cloud) are not ruled out: declare `authorization-modes` \
                          of the cluster"
                    .to_owned()
            }
            Known::Declared | Known::Seen if !found.unknown().is_empty() => format!(
                "the API server also asks {}, of which no grants were imported (`scopefence import grants`)",
                found.unknown().join(", ")
            ),
            Known::Declared | Known::Seen => {
                format!("RBAC is not among the authorization modes ({})", found.modes.join(", "))
            }
        };
        reading.worsen(State::Partial, why);
    }
    found
}

/// `--authorization-mode` of the API servers that run as static Pods. `None` when none is to be seen, or one of them
/// does not show it: a configuration file, or a word that is not kept, decides then.
fn seen(join: &Join<'_>) -> Option<Authorizers> {
    const SERVER: &str = "kube-apiserver";
    let component = settings::component(SERVER)?;
    let setting = component.setting("authorization-mode")?;
    let version = control_plane::version(join);
    let pods = join.snapshot().list("", "Pod")?;
    let mut modes: Vec<String> = Vec::new();
    for pod in pods.seen().iter().filter(|pod| flags::component(pod) == Some(SERVER)) {
        let line = CommandLine::read(pod, SERVER).ok()?;
        let (Value::Set(said) | Value::Default(said)) = line.value(component, setting, version) else { return None };
        for mode in said.split(',') {
            if !modes.iter().any(|known| known == mode) {
                modes.push(mode.to_owned());
            }
        }
    }
    (!modes.is_empty()).then_some(Authorizers { modes, known: Known::Seen, supplied: Vec::new() })
}

fn declared(join: &Join<'_>) -> Option<Authorizers> {
    let header = &join.snapshot().header.cluster;
    let workspace = join.workspace();
    let cluster = workspace.cluster_of(&header.id, header.uid.as_deref())?;
    let provider = || workspace.provider_setting(cluster, "authorization-modes").map(|it| it.value.as_str());
    let provided = || provider().into_iter().flat_map(|value| value.split(',').map(|mode| mode.trim().to_owned()));
    let all: Vec<String> = match cluster.authorization_modes.as_slice() {
        [] => provided().filter(|mode| !mode.is_empty()).collect(),
        modes => modes.to_vec(),
    };
    let mut seen = BTreeSet::new();
    let modes: Vec<String> = all.iter().filter(|mode| seen.insert(mode.as_str())).cloned().collect();
    (!modes.is_empty()).then_some(Authorizers { modes, known: Known::Declared, supplied: Vec::new() })
}
