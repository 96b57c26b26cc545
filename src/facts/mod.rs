//! Facts: what can be computed from the objects of one snapshot.

use serde::Serialize;

/// Facts of one cluster, for checks and documents. Every value carries its completeness.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Facts {}
