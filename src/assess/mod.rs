//! Assess: join what was declared with what was observed.
//!
//! In: a [`Workspace`], [`Snapshot`]s (none is fine: a plan), a clock. Out: an [`Assessment`].
//! Steps: ownership (every object to its component), facts, checks (outcome per check and cluster), findings (check ×
//! component × team), exceptions, roll-up per control.
//!
//! Invariants: no outcome is `pass` unless everything the check needs was read completely; finding ids depend on check,
//! component and cluster alone; the same inputs give the same assessment.

pub mod outcome;

pub use outcome::*;
