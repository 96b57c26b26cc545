//! Network policies: what each selects, which Pods they hold, and what they say of the connections that were declared.
//!
//! In: policies of every API that is known, Pods, namespaces, Services, the declared connections. Out: families of facts.
//! Steps: translate each API's policies into [`rules`] ([`kubernetes`], [`admin`], [`cilium`], [`calico`]), group Pods that policies cannot
//! tell apart ([`pods`]), find the policies that select each group ([`model`]), then ask: declared connections
//! ([`connections`]), default deny of namespaces and the list of policies ([`policies`]), and whether a
//! network plug-in enforces any of it ([`cni`]). Facts and checks that ask the same share one answer ([`shared`]).
//!
//! Invariant: what cannot be evaluated makes an answer not visible; it never makes it open or blocked.

mod admin;
mod calico;
mod cilium;
mod cni;
mod connections;
mod expression;
mod kubernetes;
mod model;
mod openings;
mod pods;
mod policies;
mod rules;
mod services;
mod shared;
#[cfg(test)]
mod tests;

use super::selector;

pub use cni::{Enforcement, NetworkPlugin, NetworkPlugins};
pub use connections::{JudgedConnection, JudgedPath, JudgedSide, Standing};
pub use model::Answer;
pub use openings::{Accepting, Held, Openings, UndeclaredPath};
pub use policies::{Lets, NetworkPolicy};
pub use rules::{Direction, Port, Protocol};

pub(crate) use cni::observe as observe_plugins;
pub(crate) use connections::protocols as transports;
pub(crate) use policies::{Denials, observe};
pub(crate) use shared::Network;
