//! Identifiers that stay: UUIDv5 of names within the system (RFC 9562, 5.5).

use serde_json::Value;
use uuid::Uuid;

/// Names of one system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    system: Uuid,
}

impl Names {
    /// Below the namespace of this program, that of the system with this identifier.
    pub(super) fn new(system: &str) -> Self {
        let program = Uuid::new_v5(&Uuid::NAMESPACE_URL, super::build::NAMESPACE.as_bytes());
        Self { system: Uuid::new_v5(&program, system.as_bytes()) }
    }

    /// Of `type/id`; the identifier may itself have parts.
    pub(super) fn uuid(&self, kind: &str, id: &str) -> String {
        Uuid::new_v5(&self.system, format!("{kind}/{id}").as_bytes()).to_string()
    }

    /// [`Names::uuid`] as a JSON value.
    pub(super) fn id(&self, kind: &str, id: &str) -> Value {
        self.uuid(kind, id).into()
    }

    /// Of the system itself.
    pub(super) fn system(&self) -> String {
        self.system.to_string()
    }
}
