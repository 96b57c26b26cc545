//! Certificates: issued and valid, and how much time is left.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::certificates::{Certificate, SigningBody, certificate};

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
    Evaluator {
        name: "certificate-ready",
        subjects: "certificates",
        alone: true,
        ask: |question| ask(question, ready),
    },
    Evaluator { name: "client-certificate-approved", subjects: "signing requests", alone: true, ask: clients },
];

fn ask(question: &Question<'_, '_>, judge: fn(&Question<'_, '_>, &Certificate) -> Option<String>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("cert-manager.io", "Certificate") {
        tally.subject();
        match certificate(object, question.bench.as_of) {
            Ok(certificate) => {
                if let Some(wrong) = judge(question, &certificate) {
                    tally.fail_by(spot, wrong, certificate.not_after.map(|end| end.date_naive()));
                }
            }
            Err(error) => tally.odd(spot, error),
        }
    }
    tally.answer()
}

/// Never issued, or past its end: whoever relies on it is refused already.
fn valid(question: &Question<'_, '_>, certificate: &Certificate) -> Option<String> {
    match (certificate.days_left, certificate.not_after) {
        (Some(days), Some(end)) => {
            (days < 0).then(|| format!("expired on {}{}", end.date_naive(), renewal(question, certificate)))
        }
        _ => Some("status.notAfter is not set: the certificate was never issued".to_owned()),
    }
}

/// Valid, but not for long. Those that are not valid any more are the other question's.
fn expiry(question: &Question<'_, '_>, certificate: &Certificate) -> Option<String> {
    let (days, end) = (certificate.days_left?, certificate.not_after?.date_naive());
    if days < 0 || days >= i64::from(question.bench.policy.certificate_days) {
        return None;
    }
    let when = match days {
        0 => format!("expires within a day, on {end}"),
        1 => format!("expires in 1 day, on {end}"),
        _ => format!("expires in {days} days, on {end}"),
    };
    Some(format!("{when}{}", renewal(question, certificate)))
}

fn renewal(question: &Question<'_, '_>, certificate: &Certificate) -> String {
    match certificate.renewal {
        Some(renewal) if renewal <= question.bench.as_of => {
            format!("; its renewal was due on {}", renewal.date_naive())
        }
        Some(renewal) => format!("; its renewal is planned for {}", renewal.date_naive()),
        None => String::new(),
    }
}

/// Not ready, or late for renewal while still valid.
fn ready(question: &Question<'_, '_>, certificate: &Certificate) -> Option<String> {
    let valid = certificate.days_left.is_some_and(|days| days >= 0);
    match (certificate.ready, certificate.renewal) {
        (Some(false), _) => Some(format!(
            "condition Ready is not true ({})",
            certificate.reason.as_deref().unwrap_or("no reason given")
        )),
        (_, Some(renewal)) if valid && certificate.overdue => {
            let days = (question.bench.as_of - renewal).num_days();
            // A day's grace: the controller may be at it.
            (days >= 1).then(|| format!("status.renewalTime passed {days} days ago, on {}", renewal.date_naive()))
        }
        _ => None,
    }
}

fn clients(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("certificates.k8s.io", "CertificateSigningRequest") {
        tally.subject();
        match object.body::<SigningBody>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) if body.is_client() => {
                tally.fail(spot, format!("a client certificate that {} asked for was approved", body.asked_by()));
            }
            Ok(_) => {}
        }
    }
    tally.answer()
}
