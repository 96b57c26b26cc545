//! Certificates: time left.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::certificates::certificate;

pub(super) const EVALUATORS: &[Evaluator] = &[Evaluator { name: "certificate-expiry", alone: true, ask: expiry }];

fn expiry(question: &Question<'_>) -> Answer {
    let wanted = i64::from(question.policy.certificate_days);
    let mut tally = Tally::default();
    for (spot, object) in question.objects("cert-manager.io", "Certificate") {
        tally.subject();
        let certificate = match certificate(object, question.as_of) {
            Ok(certificate) => certificate,
            Err(error) => {
                tally.odd(spot, error);
                continue;
            }
        };
        let (Some(days), Some(end)) = (certificate.days_left, certificate.not_after) else {
            tally.fail(spot, "status.notAfter is not set: the certificate was never issued");
            continue;
        };
        if days >= wanted {
            continue;
        }
        let renewal = match certificate.renewal {
            Some(renewal) if renewal <= question.as_of => format!("; its renewal was due on {}", renewal.date_naive()),
            Some(renewal) => format!("; its renewal is planned for {}", renewal.date_naive()),
            None => String::new(),
        };
        let when = match days {
            ..0 => format!("expired on {}", end.date_naive()),
            0 => format!("expires within a day, on {}", end.date_naive()),
            1 => format!("expires in 1 day, on {}", end.date_naive()),
            _ => format!("expires in {days} days, on {}", end.date_naive()),
        };
        tally.fail(spot, format!("{when}{renewal}"));
    }
    tally.answer()
}
