//! Our statuses in the three words that FedRAMP has for them.
//!
//! The schema's `…ImplementationStatus` is `Implemented`, `Partially Implemented` or `Not Implemented`, and may be left
//! out. `docs/fedramp.md` prints this table; a test holds the two together.

use crate::{
    assess::Standing,
    workspace::ImplementationStatus::{self, Alternative, Implemented, NotApplicable, Partial, Planned},
};

/// How far something is implemented, in FedRAMP's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Stated, and evidence bears it out.
    Implemented,
    /// Evidence shows a part, and that another is missing or was not stated.
    Partially,
    /// Stated as not in place, or evidence shows nothing of it.
    Not,
}

impl Status {
    /// As the schema writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Implemented => "Implemented",
            Status::Partially => "Partially Implemented",
            Status::Not => "Not Implemented",
        }
    }
}

/// What the tests that an item lists have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shown {
    /// One of them passes on complete evidence, or fails on some of its objects and not on others.
    pub(super) passed: bool,
    /// One of them fails.
    pub(super) failed: bool,
}

/// The one place where a status is made. `None`: left out, since nobody looked, or FedRAMP has no word for it.
///
/// What is stated counts only as far as somebody looked: `Implemented` takes a statement, a pass or somebody's attestation,
/// and no failing test; `Partially Implemented` takes a pass or an attestation beside what is missing.
pub(super) fn of(declared: ImplementationStatus, standing: Standing, shown: Shown) -> Option<Status> {
    use Standing::{Attested, Contradicted, Failing, Incomplete, Manual, Passing, Unseen};
    let part = if shown.passed { Status::Partially } else { Status::Not };
    match (declared, standing) {
        (Planned, _) | (NotApplicable, Contradicted) => Some(Status::Not),
        (NotApplicable, _) => None,
        (_, Contradicted | Failing) => Some(part),
        (Implemented | Alternative, Passing | Attested) if shown.failed => Some(Status::Partially),
        (Implemented | Alternative, Passing | Attested) => Some(Status::Implemented),
        (Partial, Incomplete) => shown.passed.then_some(Status::Partially),
        (Implemented | Alternative, Incomplete) | (Partial, Passing | Attested) => None,
        (_, Unseen | Manual | Standing::NotApplicable) => None,
    }
}

/// A standing in words, as the documents say it.
pub(super) fn words(standing: Standing) -> &'static str {
    match standing {
        Standing::Contradicted => "contradicted by a check",
        Standing::Failing => "a check fails",
        Standing::Incomplete => "not in place, or in part",
        Standing::Unseen => "not shown by the evidence",
        Standing::Manual => "no check decides it, and nobody has attested it",
        Standing::Attested => "no check decides it; attested",
        Standing::Passing => "its checks pass",
        Standing::NotApplicable => "nothing to ask about",
    }
}

/// A declared status in words.
pub(super) fn stated(status: ImplementationStatus) -> &'static str {
    match status {
        Implemented => "implemented",
        Partial => "partly implemented",
        Planned => "planned",
        Alternative => "implemented in another way",
        NotApplicable => "not applicable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: [(ImplementationStatus, &str); 5] = [
        (Implemented, "`implemented`"),
        (Alternative, "`alternative`"),
        (Partial, "`partial`"),
        (Planned, "`planned`"),
        (NotApplicable, "`not-applicable`"),
    ];

    const SHOWN: [Shown; 4] = [
        Shown { passed: false, failed: false },
        Shown { passed: true, failed: false },
        Shown { passed: false, failed: true },
        Shown { passed: true, failed: true },
    ];

    #[test]
    fn nothing_that_nobody_looked_at_is_positive() {
        for (declared, _) in DECLARED {
            for standing in [Standing::Unseen, Standing::Manual, Standing::NotApplicable] {
                for shown in SHOWN {
                    let status = of(declared, standing, shown);
                    assert!(matches!(status, None | Some(Status::Not)), "{declared:?} {standing:?} {shown:?}");
                }
            }
            for standing in Standing::ALL {
                let dark = of(declared, standing, SHOWN[0]);
                let looked = matches!(standing, Standing::Passing | Standing::Attested);
                assert!(looked || matches!(dark, None | Some(Status::Not)), "{declared:?} {standing:?}");
                // `Implemented` never stands beside a failing test.
                let failing = SHOWN.iter().filter(|shown| shown.failed);
                failing.for_each(|shown| assert_ne!(of(declared, standing, *shown), Some(Status::Implemented)));
                let good = of(declared, standing, SHOWN[1]) == Some(Status::Implemented);
                let claimed = matches!(declared, Implemented | Alternative);
                assert_eq!(good, claimed && looked, "{declared:?} {standing:?}");
            }
        }
    }

    /// The table of `docs/fedramp.md` is this function.
    #[test]
    fn the_documentation_says_the_same() {
        let cell = |declared, standing| {
            let word = |shown| of(declared, standing, shown).map_or("left out", Status::as_str);
            let [nothing, passed, failed, both] = SHOWN.map(word);
            match (nothing == passed, failed == both, passed == both) {
                _ if [passed, failed, both] == [nothing; 3] => nothing.to_owned(),
                (true, true, _) => format!("{nothing}; if a test fails {failed}"),
                (_, _, true) if nothing == failed => format!("{nothing}; if something passes {passed}"),
                _ => panic!("{declared:?} {standing:?}: no words for it"),
            }
        };
        let mut table = String::from("| standing |");
        DECLARED.iter().for_each(|(_, name)| table.push_str(&format!(" {name} |")));
        table.push_str("\n| --- | --- | --- | --- | --- | --- |\n");
        for standing in Standing::ALL {
            let name = serde_json::to_value(standing).unwrap();
            table.push_str(&format!("| `{}` |", name.as_str().unwrap()));
            for (declared, _) in DECLARED {
                table.push_str(&format!(" {} |", cell(declared, standing)));
            }
            table.push('\n');
        }
        let page = include_str!("../../docs/fedramp.md");
        assert!(page.contains(&table), "docs/fedramp.md should hold\n{table}");
    }
}
