//! A value together with how much of what it was computed from was read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use super::pod::{Pod, Pods};
use crate::{
    assess::Evidence,
    snapshot::{Completeness, ListRecord, Object, Snapshot},
};

/// How much of what a fact needs was read. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Every list was read to its end: absence in the value is absence in the cluster.
    Complete,
    /// The API that would show it is not installed.
    Absent,
    /// Something was read, something was not: absence in the value proves nothing.
    Partial,
    /// We may not read it.
    Forbidden,
    /// Reading failed.
    Failed,
    /// Nobody asked.
    NotCollected,
}

impl State {
    /// The state of one list.
    pub fn of(completeness: &Completeness) -> Self {
        match completeness {
            Completeness::Complete => State::Complete,
            Completeness::Partial(_) => State::Partial,
            Completeness::Forbidden(_) => State::Forbidden,
            Completeness::Absent => State::Absent,
            Completeness::Failed(_) => State::Failed,
            Completeness::NotCollected => State::NotCollected,
        }
    }

    /// As documents print it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::Absent => "absent",
            State::Partial => "partial",
            State::Forbidden => "forbidden",
            State::Failed => "failed",
            State::NotCollected => "not-collected",
        }
    }
}

/// A computed value with the state of its evidence. The value can only be had together with that state.
#[derive(Debug, Clone)]
pub struct Observed<T> {
    value: T,
    state: State,
    reasons: Vec<String>,
    evidence: Vec<Evidence>,
}

impl<T: Default> Default for Observed<T> {
    /// Nobody asked: the value of a plan without a snapshot.
    fn default() -> Self {
        Self { value: T::default(), state: State::NotCollected, reasons: Vec::new(), evidence: Vec::new() }
    }
}

impl<T> Observed<T> {
    /// The value and how complete it is.
    pub fn get(&self) -> (&T, State) {
        (&self.value, self.state)
    }

    /// The value, if everything it needs was read.
    pub fn complete(&self) -> Option<&T> {
        (self.state == State::Complete).then_some(&self.value)
    }

    /// Whatever was seen. Presence in here proves something, absence proves nothing.
    pub fn seen(&self) -> &T {
        &self.value
    }

    /// How complete it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it is not complete: one sentence a list, each with its path. Also remarks that hold in any case.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The lists it was computed from.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }
}

impl<T: Serialize> Serialize for Observed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Observed", 5)?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("state", &self.state)?;
        fields.serialize_field("complete", &(self.state == State::Complete))?;
        fields.serialize_field("reasons", &self.reasons)?;
        fields.serialize_field("evidence", &self.evidence)?;
        fields.end()
    }
}

/// Reads lists of one snapshot for one fact, and keeps account of how complete they were.
pub(crate) struct Reading<'a> {
    snapshot: &'a Snapshot,
    state: State,
    reasons: Vec<String>,
    evidence: BTreeSet<Evidence>,
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

    /// Any list so far was read, or is there to be read.
    pub(crate) fn found_any(&self) -> bool {
        self.any || self.state != State::Complete
    }

    /// Makes the fact no better than `state`, and says why.
    pub(crate) fn worsen(&mut self, state: State, reason: String) {
        self.state = self.state.max(state);
        self.reasons.push(reason);
    }

    pub(crate) fn finish<T>(self, value: T) -> Observed<T> {
        // Something was read and something was not: that is partial, whatever stopped the rest.
        let state = if self.any && self.state != State::Complete { State::Partial } else { self.state };
        Observed { value, state, reasons: self.reasons, evidence: self.evidence.into_iter().collect() }
    }
}

/// `apps/Deployment`, or `Pod` for the core group.
pub(crate) fn qualified(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") }
}

/// Why a list is not complete, with its path, as a sentence without a full stop.
pub(crate) fn reason(record: &ListRecord) -> String {
    let path = if record.path.is_empty() { qualified(&record.group, &record.kind) } else { record.path.clone() };
    match &record.completeness {
        Completeness::Complete => format!("{path} was read completely"),
        Completeness::Partial(why) => format!("{path} was read in part: {why}"),
        Completeness::Forbidden(why) => format!("{path} is forbidden: {why}"),
        Completeness::Absent => format!("the API of {} is not installed", qualified(&record.group, &record.kind)),
        Completeness::Failed(why) => format!("{path} could not be read: {why}"),
        Completeness::NotCollected => format!("{path} was not asked for"),
    }
}

/// A list as a piece of evidence.
pub(crate) fn cite(cluster: &str, record: &ListRecord) -> Evidence {
    Evidence {
        cluster: cluster.to_owned(),
        path: record.path.clone(),
        read_at: record.read_at,
        completeness: State::of(&record.completeness).as_str().to_owned(),
        count: record.count,
        digest: record.digest.clone(),
    }
}

/// The complete list of resource definitions, if it proves that nothing of this API group is installed.
pub(crate) fn not_installed<'a>(snapshot: &'a Snapshot, group: &str) -> Option<&'a ListRecord> {
    let built_in = !group.contains('.') || group.ends_with(".k8s.io");
    let definitions = snapshot.list("apiextensions.k8s.io", "CustomResourceDefinition").filter(|_| !built_in)?;
    let installed = |object: &Object| object.name.split_once('.').is_some_and(|(_, defined)| defined == group);
    (!definitions.complete().ok()?.iter().any(installed)).then_some(&definitions.record)
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
