//! What a namespace asks of Pod Security admission, by its labels.

use std::{collections::BTreeMap, sync::Arc};

use super::{Level, PolicyVersion};

/// A level with the version of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Level.
    pub level: Level,
    /// Version of its rules.
    pub version: PolicyVersion,
}

/// The three modes that admission works in. Where labels are silent the API server's own defaults hold, which are not
/// visible in the API; unless somebody configured others they are `privileged`, `latest`, and so they stand here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Pods that violate it are refused.
    pub enforce: Mode,
    /// Pods that violate it are noted in the audit log.
    pub audit: Mode,
    /// Whoever makes Pods that violate it is warned.
    pub warn: Mode,
}

impl Policy {
    /// As admission reads labels: an invalid enforced level counts as `restricted`, an invalid level of the others as
    /// `privileged`, an invalid version as `latest`; who enforces more than is warned about is warned about that too.
    pub fn of(labels: &BTreeMap<Arc<str>, Arc<str>>) -> Self {
        let label = |mode: &str, suffix: &str| {
            labels.get(&*format!("pod-security.kubernetes.io/{mode}{suffix}")).map(|value| &**value)
        };
        let mode = |name: &str, invalid: Level| Mode {
            level: label(name, "").map_or(Level::Privileged, |text| Level::parse(text).unwrap_or(invalid)),
            version: label(name, "-version").map_or(PolicyVersion::LATEST, PolicyVersion::parse),
        };
        let enforce = mode("enforce", Level::Restricted);
        let mut warn = mode("warn", Level::Privileged);
        if label("warn", "").is_none() && label("enforce", "").and_then(Level::parse).is_some() {
            if label("warn", "-version").is_none() && enforce.level > warn.level {
                warn.version = enforce.version;
            }
            warn.level = enforce.level;
        }
        Self { enforce, audit: mode("audit", Level::Privileged), warn }
    }
}
