//! Serve: the pages of a workspace, in a browser on this machine, while it is edited.
//!
//! In: previews as the workspace changes, and the problems that stand in the way of newer ones. Out: answers over HTTP.
//! Steps: notice a change ([`watch`]), hold what became of it ([`board`], [`preview`]), add to pages what makes them
//! follow and lists the problems ([`page`]), answer ([`server`]).
//!
//! Invariants: only GET and HEAD, only for a host name that means this machine; what is sent comes from a preview in
//! memory, no path of the disk is ever opened for a request; nothing of this module reaches the files of a build.

pub(crate) mod board;
pub(crate) mod page;
pub(crate) mod preview;
pub(crate) mod server;
pub(crate) mod watch;
