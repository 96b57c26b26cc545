//! The API server as a whole: its address, its certificate, the encryption at rest that it uses. Each is reported on the
//! Service `kubernetes`, which stands for it in the cluster.

use chrono::NaiveDate;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{Account, Reach, api_certificate, encryption, endpoint},
    ownership::Spot,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "api-server-address", subjects: "API servers", alone: true, ask: address },
    Evaluator { name: "api-server-certificate", subjects: "API servers", alone: true, ask: certificate },
    Evaluator { name: "api-server-encryption", subjects: "API servers", alone: true, ask: encryption_in_use },
];

/// What is known: `None` passes, `Some` says what is wrong; an error is why nothing can be said.
type Found = Result<Option<Wrong>, String>;

/// What is wrong, and by when at the latest it has to be right.
struct Wrong(String, Option<NaiveDate>);

fn service(question: &Question<'_, '_>) -> Option<Spot> {
    question
        .objects("", "Service")
        .find(|(_, object)| (&*object.namespace, &*object.name) == ("default", "kubernetes"))
        .map(|(spot, _)| spot)
}

fn about(question: &Question<'_, '_>, found: Found) -> Answer {
    let Some(spot) = service(question) else {
        return Answer::NotVisible(
            "the Service default/kubernetes, which stands for the API server, is not there".to_owned(),
        );
    };
    let mut tally = Tally::default();
    tally.subject();
    match found {
        Ok(None) => {}
        Ok(Some(Wrong(wrong, by))) => tally.fail_by(spot, wrong, by),
        Err(why) => return Answer::NotVisible(why),
    }
    tally.answer()
}

/// Why something that is not complete says nothing.
fn unread(account: &Account) -> String {
    account.reasons().first().cloned().unwrap_or_else(|| "it was not read".to_owned())
}

fn address(question: &Question<'_, '_>) -> Answer {
    let fact = endpoint::observe(question.bench.join);
    let endpoint = fact.seen();
    let host = endpoint.host.as_deref().unwrap_or_default();
    about(
        question,
        match endpoint.reach {
            Reach::Public => Ok(Some(Wrong(format!("evidence was collected through the public address {host}"), None))),
            Reach::Private => Ok(None),
            Reach::Loopback => {
                Err(format!("evidence was collected through {host}: a tunnel or proxy hides the address"))
            }
            Reach::Name => Err(format!("names are not resolved: where {host} leads has to be shown")),
            Reach::Unknown => Err("the address of the API server is not in the snapshot".to_owned()),
        },
    )
}

fn certificate(question: &Question<'_, '_>) -> Answer {
    let fact = api_certificate::observe(question.bench.join, question.bench.as_of);
    let found = match fact.complete() {
        Some(Some(certificate)) => {
            let (days, end) = (certificate.days_left, certificate.not_after.date_naive());
            let wrong = match days {
                ..0 => Some(format!("its certificate expired on {end}")),
                _ if days >= i64::from(question.bench.policy.certificate_days) => None,
                0 => Some(format!("its certificate expires within a day, on {end}")),
                1 => Some(format!("its certificate expires in 1 day, on {end}")),
                _ => Some(format!("its certificate expires in {days} days, on {end}")),
            };
            Ok(wrong.map(|wrong| Wrong(wrong, Some(end))))
        }
        _ => Err(unread(fact.account())),
    };
    about(question, found)
}

fn encryption_in_use(question: &Question<'_, '_>) -> Answer {
    let fact = encryption::observe(question.bench.join);
    let Some(all) = fact.complete() else { return about(question, Err(unread(fact.account()))) };
    let secrets = |written: bool, clear: bool| {
        all.iter().any(|it| {
            it.resource == "secrets" && it.written == written && it.provider.is_none() == clear && it.count > 0
        })
    };
    let found = if secrets(true, true) {
        Ok(Some(Wrong("Secrets were written to etcd in clear text".to_owned(), None)))
    } else if secrets(false, true) {
        Ok(Some(Wrong("Secrets were read from etcd that lie there in clear text: rewrite them".to_owned(), None)))
    } else if secrets(true, false) {
        Ok(None)
    } else {
        Err("the API server that answered encrypted no Secret since it started: none was written, or it does not encrypt"
            .to_owned())
    };
    about(question, found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        assess::{History, Outcome, assess, testing},
        snapshot::{Completeness, Probe, Snapshot},
    };

    fn outcome(check: &str, server: Option<&str>, probes: Vec<Probe>) -> (Outcome, String) {
        let services = testing::list("Service", vec![testing::object("default", "kubernetes", json!({}))]);
        let mut snapshot: Snapshot = testing::snapshot(vec![services]);
        snapshot.header.cluster.server = server.map(str::to_owned);
        snapshot.probes = probes;
        let found = assess(&testing::workspace(Vec::new()), &[snapshot], &History::default(), None);
        let result = found.results.iter().find(|result| result.check.as_str() == check).expect("asked");
        let message =
            found.findings.iter().find(|it| it.check.as_str() == check).map(|it| it.objects[0].message.clone());
        (result.outcome, message.unwrap_or_else(|| result.reason.clone()))
    }

    #[test]
    fn only_an_address_that_is_seen_decides() {
        let address = |server: Option<&str>| outcome("apiserver-address", server, Vec::new()).0;
        assert_eq!(address(Some("https://203.0.113.7:6443")), Outcome::Fail);
        assert_eq!(address(Some("https://10.0.0.7:6443")), Outcome::Pass);
        for hidden in [Some("https://api.example.com"), Some("https://127.0.0.1:6443"), None] {
            assert_eq!(address(hidden), Outcome::NotVisible, "{hidden:?}");
        }
    }

    fn certificate(days: i64) -> (Outcome, String) {
        let end = testing::moment() + chrono::TimeDelta::days(days);
        let body = json!({"subject": "CN=a", "issuer": "CN=b", "names": [], "not-before": testing::moment(),
            "not-after": end, "protocol": "TLS 1.3", "cipher-suite": null});
        let probe = testing::probe("api-certificate", Completeness::Complete, &body);
        outcome("apiserver-certificate-expiry", None, vec![probe])
    }

    #[test]
    fn a_certificate_about_to_end_fails() {
        assert_eq!(certificate(300).0, Outcome::Pass);
        assert_eq!(certificate(3), (Outcome::Fail, "its certificate expires in 3 days, on 2026-11-24".to_owned()));
        assert_eq!(certificate(-3), (Outcome::Fail, "its certificate expired on 2026-11-18".to_owned()));
        let failed = Completeness::Failed("no connection".to_owned());
        let probe = testing::probe("api-certificate", failed, &serde_json::Value::Null);
        let (outcome, reason) = outcome("apiserver-certificate-expiry", None, vec![probe]);
        assert_eq!(outcome, Outcome::NotVisible);
        assert!(reason.contains("no connection"), "{reason}");
    }

    #[test]
    fn encryption_passes_only_when_it_was_used_and_nothing_was_clear() {
        let ask = |completeness: Completeness, samples: &[(&str, &str)]| {
            let samples: Vec<_> = samples
                .iter()
                .map(|(kind, prefix)| {
                    json!({"resource": "secrets", "status": "OK", "transformation_type": kind,
                        "transformer_prefix": prefix, "count": 3.0})
                })
                .collect();
            let probe = testing::probe("encryption-at-rest", completeness, &json!(samples));
            outcome("apiserver-encryption-in-use", None, vec![probe]).0
        };
        let (sealed, clear) = (("to_storage", "k8s:enc:secretbox:v1:"), ("from_storage", "identity"));
        assert_eq!(ask(Completeness::Complete, &[sealed]), Outcome::Pass);
        assert_eq!(ask(Completeness::Complete, &[sealed, clear]), Outcome::Fail);
        assert_eq!(ask(Completeness::Complete, &[("to_storage", "identity")]), Outcome::Fail);
        assert_eq!(ask(Completeness::Complete, &[]), Outcome::NotVisible);
        assert_eq!(ask(Completeness::Forbidden("no".to_owned()), &[]), Outcome::NotVisible);
        assert_eq!(outcome("apiserver-encryption-in-use", None, Vec::new()).0, Outcome::NotVisible);
    }
}
