//! What several facts and checks ask of the policies of one snapshot, each answered once.
//!
//! In: ownership and Pods. Out: [`Network`], which reads and evaluates when it is first asked and keeps the answer with
//! the account of the lists that it was computed from.

use std::cell::OnceCell;

use super::{
    Denials, JudgedConnection, Openings,
    connections::{self, Judge},
    model::{self, Model, Read},
    openings,
};
use crate::{
    facts::{
        observed::{Observed, Reading},
        pod::Pods,
    },
    ownership::{Join, Spot},
};

/// Policies of one snapshot and what they come to.
pub(crate) struct Network<'a> {
    join: &'a Join<'a>,
    pods: &'a Pods,
    policies: OnceCell<(Read, Reading<'a>)>,
    model: OnceCell<(Model<'a>, Reading<'a>)>,
    connections: OnceCell<Observed<Vec<JudgedConnection>>>,
    openings: OnceCell<Observed<Openings>>,
}

impl<'a> Network<'a> {
    pub(crate) fn new(join: &'a Join<'a>, pods: &'a Pods) -> Self {
        Self {
            join,
            pods,
            policies: OnceCell::new(),
            model: OnceCell::new(),
            connections: OnceCell::new(),
            openings: OnceCell::new(),
        }
    }

    fn policies(&self) -> &(Read, Reading<'a>) {
        self.policies.get_or_init(|| {
            let mut reading = Reading::new(self.join.snapshot());
            (model::policies(self.join, &mut reading), reading)
        })
    }

    fn model(&self) -> &(Model<'a>, Reading<'a>) {
        self.model.get_or_init(|| {
            let (read, reading) = self.policies();
            let mut reading = reading.clone();
            (Model::of(self.join, self.pods, read.policies.clone(), &mut reading), reading)
        })
    }

    /// Policies that could not be read, with why.
    pub(crate) fn odd(&self) -> &[(Spot, String)] {
        &self.policies().0.odd
    }

    /// Every declared connection, judged.
    pub(crate) fn connections(&self) -> &Observed<Vec<JudgedConnection>> {
        self.connections.get_or_init(|| {
            let (model, reading) = self.model();
            let mut reading = reading.clone();
            reading.wish("", "Service");
            reading.finish(connections::judge(self.join, &Judge::new(self.join, model)))
        })
    }

    /// What policies leave open.
    pub(crate) fn openings(&self) -> &Observed<Openings> {
        self.openings.get_or_init(|| {
            let (model, reading) = self.model();
            reading.clone().finish(openings::find(self.join, &Judge::new(self.join, model)))
        })
    }

    /// Which namespaces deny by default. `reading` takes account of the lists that decide it.
    pub(crate) fn denials(&self, reading: &mut Reading<'a>) -> Denials {
        let (read, account) = self.policies();
        reading.add(account);
        Denials::of_policies(read.policies.clone())
    }
}
