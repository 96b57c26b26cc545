//! Tables of a workspace as an import writes them.

use std::collections::BTreeMap;

use serde::Serialize;

/// A file below `scope/`.
#[derive(Serialize)]
pub(super) struct Out {
    pub format: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization: Vec<Authorization>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub component: Vec<Component>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interface: Vec<Interface>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connection: Vec<Connection>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub implementation: Vec<Implementation>,
}

/// The tables: fields in the order in which people read them, nothing for what was not said.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub(super) struct $name { $(#[serde(skip_serializing_if = "Said::nothing")] pub $field: $type),* }
    )*};
}

tables! {
    Authorization {
        id: String, organization: String, title: String, identifier: Option<String>,
        authorized: Option<toml::value::Datetime>, expires: Option<toml::value::Datetime>, impact: Option<String>,
        plan: Option<String>, components: Vec<String>,
    }
    Component {
        id: String, title: String, group: String, fence: String, team: String, description: String,
        part_of: Option<String>, kind: String, product: Option<String>, version: Option<String>, critical: bool,
        recovery_point_objective: Option<String>, recovery_time_objective: Option<String>,
        provider_uuid: Option<String>, duties: BTreeMap<String, String>,
    }
    Interface {
        id: String, title: String, from: String, to: String, crosses: String, protocol: Option<String>,
        port: Option<String>, supplies: String, relies: Option<String>, escalation: Vec<String>,
        response_time: Option<String>,
    }
    Implementation {
        control: String, status: String, origination: Option<String>, components: Components, team: String,
        narrative: String, checks: Vec<String>, review_by: Option<toml::value::Datetime>,
        attested: Option<toml::value::Datetime>, attested_by: Option<String>, parameters: BTreeMap<String, String>,
        evidence: Vec<Evidence>, inherited: Vec<Inherited>,
    }
    Evidence { title: String, location: String }
    #[derive(PartialEq)]
    Inherited {
        component: String, provided: Option<String>, provided_uuid: Option<String>, responsibility: Option<String>,
        responsibility_uuid: Option<String>, satisfied: Option<String>,
    }
}

/// Ports are required even where there are none.
#[derive(Debug, Default, Serialize)]
pub(super) struct Connection {
    pub id: String,
    pub title: String,
    pub from: String,
    pub to: String,
    pub need: String,
    pub protocol: String,
    pub ports: Vec<u64>,
    #[serde(skip_serializing_if = "Said::nothing")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Said::nothing")]
    pub agreement: Option<String>,
    pub data: String,
    #[serde(skip_serializing_if = "Said::nothing")]
    pub encryption: Option<String>,
}

/// Components of a statement: written even where there are none, which means the organization as a whole.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Components(pub Vec<String>);

/// Whether a value says something.
trait Said {
    fn nothing(&self) -> bool;
}

impl<T> Said for Option<T> {
    fn nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T> Said for Vec<T> {
    fn nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Said for String {
    fn nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Said for bool {
    fn nothing(&self) -> bool {
        !self
    }
}

impl<V> Said for BTreeMap<String, V> {
    fn nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Said for Components {
    fn nothing(&self) -> bool {
        false
    }
}
