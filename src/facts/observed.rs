//! A value together with how much of what it was computed from was read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use super::pod::{Pod, Pods};
pub use crate::snapshot::State;
use crate::snapshot::{Citation, Completeness, Object, Probe, Snapshot, cite, not_installed, qualified, reason};

/// A computed value with the state of its evidence. The value can only be had together with that state.
#[derive(Debug, Clone)]
pub struct Observed<T> {
    value: T,
    account: Account,
}

/// What a value is worth, whatever its type.
#[derive(Debug, Clone)]
pub struct Account {
    state: State,
    reasons: Vec<String>,
    evidence: Vec<Citation>,
}

impl Account {
    /// How complete it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it is not complete: one sentence a list, each with its path. Also remarks that hold in any case.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The lists it was computed from.
    pub fn evidence(&self) -> &[Citation] {
        &self.evidence
    }
}

impl<T: Default> Default for Observed<T> {
    /// Nobody asked: the value of a plan without a snapshot.
    fn default() -> Self {
        let account = Account { state: State::NotCollected, reasons: Vec::new(), evidence: Vec::new() };
        Self { value: T::default(), account }
    }
}

impl<T> Observed<T> {
    /// The value and how complete it is.
    pub fn get(&self) -> (&T, State) {
        (&self.value, self.state())
    }

    /// The value, if everything it needs was read.
    pub fn complete(&self) -> Option<&T> {
        (self.state() == State::Complete).then_some(&self.value)
    }

    /// Whatever was seen. Presence in here proves something, absence proves nothing.
    pub fn seen(&self) -> &T {
        &self.value
    }

    /// What it is worth.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// [`Account::state`].
    pub fn state(&self) -> State {
        self.account.state
    }

    /// [`Account::reasons`].
    pub fn reasons(&self) -> &[String] {
        &self.account.reasons
    }

    /// [`Account::evidence`].
    pub fn evidence(&self) -> &[Citation] {
        &self.account.evidence
    }
}

impl<T: Serialize> Serialize for Observed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Observed", 5)?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("state", &self.state())?;
        fields.serialize_field("complete", &(self.state() == State::Complete))?;
        fields.serialize_field("reasons", self.reasons())?;
        fields.serialize_field("evidence", self.evidence())?;
        fields.end()
    }
}

/// Reads lists of one snapshot for one fact, and keeps account of how complete they were.
#[derive(Clone)]
pub(crate) struct Reading<'a> {
    snapshot: &'a Snapshot,
    state: State,
    reasons: Vec<String>,
    evidence: BTreeSet<Citation>,
    any: bool,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, state: State::Complete, reasons: Vec::new(), evidence: BTreeSet::new(), any: false }
    }

    /// Objects of a kind that the fact cannot do without.
    pub(crate) fn need(&mut self, group: &str, kind: &str) -> &'a [Object] {
        self.list(group, kind, true)
    }

    /// Objects of a kind whose API may be missing without the fact losing anything.
    pub(crate) fn wish(&mut self, group: &str, kind: &str) -> &'a [Object] {
        self.list(group, kind, false)
    }

    /// Kinds of an API group of which there is a list, for groups whose kinds nobody knows beforehand.
    pub(crate) fn kinds(&self, group: &str) -> Vec<String> {
        let records = self.snapshot.lists.iter().map(|list| &list.record);
        records.filter(|record| record.group == group).map(|record| record.kind.clone()).collect()
    }

    fn list(&mut self, group: &str, kind: &str, needed: bool) -> &'a [Object] {
        let Some(list) = self.snapshot.list(group, kind) else {
            if let Some(definitions) = not_installed(self.snapshot, group) {
                self.evidence.insert(cite(&self.snapshot.header.cluster.id, definitions));
                if needed {
                    self.worsen(State::Absent, format!("the API of {} is not installed", qualified(group, kind)));
                }
                return &[];
            }
            self.worsen(State::NotCollected, format!("{} was not asked for", qualified(group, kind)));
            return &[];
        };
        self.evidence.insert(cite(&self.snapshot.header.cluster.id, &list.record));
        let state = State::of(&list.record.completeness);
        match &list.record.completeness {
            Completeness::Complete => self.any = true,
            Completeness::Absent if !needed => {}
            _ => self.worsen(state, reason(&list.record)),
        }
        if !list.seen().is_empty() {
            self.any = true;
        }
        list.seen()
    }

    /// Absence of these paths in a list is to count. Snapshots of earlier versions did not keep every path of today: the
    /// fact is partial on them. For paths that a projection gained after it was first released.
    pub(crate) fn rely(&mut self, group: &str, kind: &str, paths: &[&str]) {
        let record = self.snapshot.list(group, kind).map(|list| &list.record);
        let read = record.filter(|record| !matches!(record.completeness, Completeness::Absent));
        if let Some(reason) = read.and_then(|record| record.lacks(paths)) {
            self.worsen(State::Partial, reason);
        }
    }

    /// Evidence that is no list, and that the fact cannot do without.
    pub(crate) fn probe(&mut self, name: &str) -> Option<&'a Probe> {
        let Some(probe) = self.snapshot.probe(name) else {
            self.worsen(State::NotCollected, format!("{name} was not asked for"));
            return None;
        };
        self.evidence.insert(probe.cite(&self.snapshot.header.cluster.id));
        match &probe.record.completeness {
            Completeness::Complete => self.any = true,
            completeness => self.worsen(State::of(completeness), probe.record.reason()),
        }
        Some(probe)
    }

    /// Evidence that has another shape than this program writes makes the fact partial.
    pub(crate) fn odd_probe(&mut self, probe: &Probe, why: impl std::fmt::Display) {
        self.worsen(State::Partial, format!("{} cannot be understood: {why}", probe.record.path));
    }

    /// The body of an object as `T`; an odd object makes the fact partial.
    pub(crate) fn body<T: Deserialize<'a>>(&mut self, object: &'a Object) -> Option<T> {
        object.body().map_err(|error| self.odd(object, error)).ok()
    }

    /// The Pod at an index of the list of Pods; an odd one makes the fact partial.
    pub(crate) fn pod<'p>(&mut self, pods: &'p Pods, index: usize, object: &Object) -> Option<&'p Pod> {
        pods.get(index).map_err(|why| self.odd(object, why)).ok()
    }

    /// An object that could not be read makes the fact partial.
    pub(crate) fn odd(&mut self, object: &Object, why: impl std::fmt::Display) {
        let place = match &*object.namespace {
            "" => object.name.to_string(),
            namespace => format!("{namespace}/{}", object.name),
        };
        self.worsen(State::Partial, format!("{place} does not have the shape that its API promises: {why}"));
    }

    /// Says something that holds however much was read.
    pub(crate) fn remark(&mut self, remark: String) {
        self.reasons.push(remark);
    }

    /// Takes over the account of what was read for several facts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.state = self.state.max(other.state);
        let new: Vec<String> = other.reasons.iter().filter(|reason| !self.reasons.contains(reason)).cloned().collect();
        self.reasons.extend(new);
        self.evidence.extend(other.evidence.iter().cloned());
        self.any |= other.any;
    }

    /// Any list so far was read, or is there to be read.
    pub(crate) fn found_any(&self) -> bool {
        self.any || self.state != State::Complete
    }

    /// Everything needed so far was read.
    pub(crate) fn complete_so_far(&self) -> bool {
        self.state == State::Complete
    }

    /// Makes the fact no better than `state`, and says why.
    pub(crate) fn worsen(&mut self, state: State, reason: String) {
        self.state = self.state.max(state);
        self.reasons.push(reason);
    }

    pub(crate) fn finish<T>(self, value: T) -> Observed<T> {
        // Something was read and something was not: that is partial, whatever stopped the rest.
        let state = if self.any && self.state != State::Complete { State::Partial } else { self.state };
        let evidence = self.evidence.into_iter().collect();
        Observed { value, account: Account { state, reasons: self.reasons, evidence } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{ended, list, object, snapshot};

    fn state(lists: Vec<crate::snapshot::List>, kinds: &[&str]) -> State {
        let snapshot = snapshot(lists);
        let mut reading = Reading::new(&snapshot);
        for kind in kinds {
            reading.need("", kind);
        }
        reading.finish(()).state()
    }

    #[test]
    fn a_fact_is_only_as_complete_as_its_worst_list() {
        let pods = || list("Pod", vec![object("a", "b", serde_json::json!({}))]);
        let forbidden = || ended("Secret", Completeness::Forbidden("no".to_owned()), Vec::new());
        assert_eq!(state(vec![pods()], &["Pod"]), State::Complete);
        assert_eq!(state(vec![forbidden()], &["Secret"]), State::Forbidden);
        assert_eq!(state(vec![pods(), forbidden()], &["Pod", "Secret"]), State::Partial);
        assert_eq!(state(Vec::new(), &["Pod"]), State::NotCollected);
    }

    #[test]
    fn an_odd_object_makes_a_fact_partial_and_says_which() {
        let snapshot = snapshot(vec![list("Pod", vec![object("a", "odd", serde_json::json!([]))])]);
        let mut reading = Reading::new(&snapshot);
        let object = &reading.need("", "Pod")[0];
        assert!(reading.body::<std::collections::BTreeMap<String, String>>(object).is_none());
        let observed = reading.finish(());
        assert_eq!(observed.state(), State::Partial);
        assert!(observed.complete().is_none() && observed.reasons()[0].starts_with("a/odd "));
    }

    #[test]
    fn templates_see_value_and_state_together() {
        let json = serde_json::to_value(Observed::<Vec<String>>::default()).expect("JSON");
        assert_eq!(json["state"], "not-collected");
        assert_eq!((&json["complete"], &json["value"]), (&false.into(), &serde_json::json!([])));
    }
}
