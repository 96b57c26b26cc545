//! Certificates: issued and valid, and how much time is left.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::certificates::{Certificate, certificate};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "certificate-valid",
        subjects: "certificates",
        alone: true,
        ask: |question| ask(question, valid),
    },
    Evaluator {
        name: "certificate-expiry",
        subjects: "certificates",
        alone: true,
        ask: |question| ask(question, expiry),
    },
];

fn ask(question: &Question<'_>, judge: fn(&Question<'_>, &Certificate) -> Option<String>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("cert-manager.io", "Certificate") {
        tally.subject();
        match certificate(object, question.as_of) {
            Ok(certificate) => {
                if let Some(wrong) = judge(question, &certificate) {
                    tally.fail(spot, wrong);
                }
            }
            Err(error) => tally.odd(spot, error),
        }
    }
    tally.answer()
}

/// Never issued, or past its end: whoever relies on it is refused already.
fn valid(question: &Question<'_>, certificate: &Certificate) -> Option<String> {
    match (certificate.days_left, certificate.not_after) {
        (Some(days), Some(end)) => {
            (days < 0).then(|| format!("expired on {}{}", end.date_naive(), renewal(question, certificate)))
        }
        _ => Some("status.notAfter is not set: the certificate was never issued".to_owned()),
    }
}

/// Valid, but not for long. Those that are not valid any more are the other question's.
fn expiry(question: &Question<'_>, certificate: &Certificate) -> Option<String> {
    let (days, end) = (certificate.days_left?, certificate.not_after?.date_naive());
    if days < 0 || days >= i64::from(question.policy.certificate_days) {
        return None;
    }
    let when = match days {
        0 => format!("expires within a day, on {end}"),
        1 => format!("expires in 1 day, on {end}"),
        _ => format!("expires in {days} days, on {end}"),
    };
    Some(format!("{when}{}", renewal(question, certificate)))
}

fn renewal(question: &Question<'_>, certificate: &Certificate) -> String {
    match certificate.renewal {
        Some(renewal) if renewal <= question.as_of => format!("; its renewal was due on {}", renewal.date_naive()),
        Some(renewal) => format!("; its renewal is planned for {}", renewal.date_naive()),
        None => String::new(),
    }
}
