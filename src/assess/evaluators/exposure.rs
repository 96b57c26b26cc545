//! Exposure: ingresses serve TLS.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::exposure::ingress;

pub(super) const EVALUATORS: &[Evaluator] =
    &[Evaluator { name: "ingress-tls", subjects: "ingresses", alone: true, ask: tls }];

fn tls(question: &Question<'_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("networking.k8s.io", "Ingress") {
        tally.subject();
        match ingress(object) {
            Err(error) => tally.odd(spot, error),
            Ok(ingress) if ingress.without_tls.is_empty() => {}
            Ok(ingress) => tally.fail(spot, format!("spec.tls does not cover {}", ingress.without_tls.join(", "))),
        }
    }
    tally.answer()
}
