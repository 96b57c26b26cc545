//! Identifiers as types: a team cannot be passed where a component is meant.
//!
//! Identifiers are kebab-case in the TOML, unique within their table and never reused. Only validation makes them, so
//! holding a [`TeamId`] means that the team exists in the workspace.

use std::{borrow::Borrow, collections::BTreeMap, fmt, sync::Arc};

use serde::{Serialize, Serializer};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name that has already been checked to exist.
            pub(crate) fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The identifier as written in the TOML.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

id! {
    /// A team, for example `platform`.
    TeamId,
    /// A person, for example `ada`.
    PersonId,
    /// An on-call rota, for example `platform-nights`.
    RotaId,
    /// An organization, for example `our-company`.
    OrganizationId,
    /// A component, for example `ingress`.
    ComponentId,
    /// An interface between two components or teams.
    InterfaceId,
    /// A declared network path.
    ConnectionId,
    /// A RACI row.
    ActivityId,
    /// A declared cluster.
    ClusterId,
    /// A declared role of users.
    RoleId,
    /// A built-in or declared check, for example `pod-privileged`.
    CheckId,
    /// A control with its framework, for example `nist-800-53r5:ac-6.5`.
    ControlId,
    /// An accepted risk.
    ExceptionId,
}

impl ControlId {
    /// Those of a table `framework = ["control", …]`, as data files name them.
    pub(crate) fn of_table(table: &BTreeMap<String, Vec<String>>) -> Vec<Self> {
        let controls = table.iter().flat_map(|(framework, ids)| ids.iter().map(move |id| (framework, id)));
        controls.map(|(framework, id)| Self::new(format!("{framework}:{}", id.to_ascii_lowercase()))).collect()
    }

    /// The framework part: `nist-800-53r5` of `nist-800-53r5:ac-6.5`.
    pub fn framework(&self) -> &str {
        self.as_str().split_once(':').map_or("", |(framework, _)| framework)
    }

    /// The control part: `ac-6.5` of `nist-800-53r5:ac-6.5`.
    pub fn control(&self) -> &str {
        self.as_str().split_once(':').map_or(self.as_str(), |(_, control)| control)
    }
}
