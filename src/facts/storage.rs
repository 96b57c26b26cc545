//! Storage classes and the encryption parameters they state.

use std::collections::BTreeMap;

use serde::Serialize;

/// A storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StorageClass {
    /// Name.
    pub name: String,
    /// Provisioner.
    pub provisioner: String,
    /// Marked as the cluster's default.
    pub default: bool,
    /// What happens to a volume after its claim: `Delete` or `Retain`.
    pub reclaim_policy: Option<String>,
    /// Parameters that speak of encryption.
    pub encryption: BTreeMap<String, String>,
    /// `Some(true)`: its parameters ask for encryption; `Some(false)`: they ask for none; `None`: they do not say, and
    /// the provider's default is not visible.
    pub encrypted: Option<bool>,
    /// Volume claims that use it; `None` when they were not read completely.
    pub claims: Option<usize>,
}
