//! Storage: classes ask for encryption.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::storage::class;

pub(super) const EVALUATORS: &[Evaluator] =
    &[Evaluator { name: "storage-encryption", subjects: "storage classes", alone: true, ask: encryption }];

/// A class that does not say needs a person: what decides then is not in the cluster.
fn encryption(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut silent = Vec::new();
    for (spot, object) in question.objects("storage.k8s.io", "StorageClass") {
        tally.subject();
        match class(object) {
            Err(why) => tally.odd(spot, why),
            Ok(class) => match class.encrypted {
                Some(true) => {}
                Some(false) => {
                    let off = class.encryption.iter().map(|(key, value)| format!("parameters.{key} = {value}"));
                    tally.fail(spot, off.collect::<Vec<_>>().join(", "));
                }
                None => silent.push(format!("{} ({})", class.name, class.provisioner)),
            },
        }
    }
    if silent.is_empty() {
        return tally.answer();
    }
    let names = silent.join(", ");
    let why = format!("whether volumes of {names} are encrypted is decided outside of the cluster");
    if !tally.failed() {
        return Answer::Manual(why);
    }
    tally.remark(why);
    tally.answer()
}
