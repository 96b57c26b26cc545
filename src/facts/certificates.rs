//! cert-manager certificates and the days left on them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::workspace::{ComponentId, TeamId};

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// Issuer as `ClusterIssuer letsencrypt-prod`.
    pub issuer: String,
    /// Expiry, UTC; `None` when not issued.
    pub not_after: Option<DateTime<Utc>>,
    /// Planned renewal, UTC.
    pub renewal: Option<DateTime<Utc>>,
    /// Whole days from the assessment's clock to expiry, negative once expired.
    pub days_left: Option<i64>,
    /// The `Ready` condition is true.
    pub ready: Option<bool>,
}
