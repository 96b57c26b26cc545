//! Every rule that a workspace is held to, with its stable code.
//!
//! `docs/diagnostics.md` is written from this list. A code is never reused for another rule.

use std::fmt;

use super::diagnostic::Level;

macro_rules! codes {
    ($($name:ident $code:literal $level:ident $title:literal $text:literal)*) => {
        /// Stable code of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {$(
            #[doc = $title]
            $name,
        )*}

        impl Code {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as printed, for example `unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// Error or warning.
            pub fn level(self) -> Level {
                match self { $(Code::$name => Level::$level),* }
            }

            /// What the rule says, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            /// Why the rule exists and what to do, Markdown.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $text),* }
            }
        }
    };
}

codes! {
    UnreadableFile "unreadable-file" Error
    "A file of the workspace cannot be read."
    "The file is missing, a folder, larger than 16 MB, not UTF-8, or the operating system refuses it. Nothing is built \
     from a workspace of which a part is unread, because the missing part may change who owns what."

    Syntax "syntax" Error
    "A file is not valid TOML."
    "Only the first syntax error of a file is shown: everything after it is guesswork. References are not checked \
     while any file has a syntax error, since what they name may stand in that file."

    Format "format" Error
    "A file does not say which format it has, or names one that this program does not know."
    "Every file starts with `format = 1`. A larger number belongs to a newer scopefence: update the program. A number \
     in the file means that a later program reads the file as it was meant today."

    UnknownKey "unknown-key" Error
    "A key or table that the format does not have."
    "A misspelt key would otherwise be ignored in silence, and a declaration that nobody reads is worse than none. \
     Keys are kebab-case and tables are singular: `[[component]]`, `[[activity]]`."

    WrongType "wrong-type" Error
    "A value is not of the type that its key takes."
    "Text is quoted, lists stand in brackets, dates are written without quotes (`2027-05-01`), and repeated tables \
     have double brackets (`[[component]]`)."

    UnknownValue "unknown-value" Error
    "A value is not one of those that its key allows."
    "The key takes one of a fixed set of words, all in kebab-case. The diagnostic lists them."

    MissingKey "missing-key" Error
    "A required key or table is missing or empty."
    "`docs/workspace-format.md` marks the keys that may be left out with `?`; all others are required, and an empty \
     text counts as missing."

    DuplicateTable "duplicate-table" Error
    "A table that may stand only once stands twice."
    "`[system]`, `[document-control]`, `[style]`, `[policy]`, `[acronyms]`, `[baseline]` and `[fedramp]` each stand \
     once in a workspace, whichever file they are in."

    InvalidId "invalid-id" Error
    "An identifier is not kebab-case."
    "Identifiers consist of lower-case letters, digits and single hyphens, start with a letter or digit and have at \
     most 64 characters. They end up in file names, links and OSCAL identifiers."

    DuplicateId "duplicate-id" Error
    "Two tables of one kind have the same identifier."
    "An identifier names one thing, and a renamed thing keeps its old identifier in `was`, so that nothing else can \
     take it."

    DuplicateShort "duplicate-short" Error
    "Two teams have the same `short`."
    "Narrow tables name a team by its short letters alone."

    DanglingReference "dangling-reference" Error
    "A name that nothing in the workspace has."
    "Every team, person, component, organization, control and check that a declaration names must be declared or built \
     in. The nearest name is offered. If the thing was renamed, the diagnostic names its new identifier."

    OwnerOutsideRaci "owner-outside-raci" Error
    "`@owner` stands where it has no meaning."
    "`@owner` means the team that owns the object or component at hand. That is known only for a row of the RACI \
     matrix, so it may stand only in `r`, `a`, `c` and `i` of an activity."

    NoOwnOrganization "no-own-organization" Error
    "Not exactly one organization is our own."
    "One `[[organization]]` has `kind = \"own\"`: the one that answers for the documents."

    RaciAccountable "raci-accountable" Error
    "An activity has not exactly one accountable team."
    "`a` is one team: if two answer for something, nobody does. Split the activity or name the team that decides, and \
     put the others in `r` or `c`."

    RaciResponsible "raci-responsible" Error
    "An activity has nobody who does it."
    "`r` names at least one team. The accountable team may also be responsible: name it in both."

    RaciRepeated "raci-repeated" Error
    "A team stands twice in an activity where once says everything."
    "A team may be both responsible and accountable. Otherwise it stands in one of `r`, `a`, `c` and `i`, once: who \
     does or answers for the work is already consulted and informed."

    RaciForeignAccountable "raci-foreign-accountable" Error
    "The accountable team does not own the component or duty, and nothing says why."
    "An activity about a component is answered for by the team that owns the component, or the duty of it that the \
     activity names. Where that is not so, `because` gives the reason, and the matrix prints it."

    OutsideResponsible "outside-responsible" Error
    "Work of another organization is answered for by nobody of ours."
    "A team of another organization may do the work. That the work is done remains ours to answer for, so `a` is a \
     team of our own organization."

    TeamWithoutContact "team-without-contact" Error
    "A team cannot be reached."
    "Every team has at least one of `email`, `phone` and `chat`: the documents say whom to call."

    PersonWithoutTeam "person-without-team" Error
    "A person belongs to no team."
    "A person acts for a team: ownership, escalation and access are the team's, and stay when the person leaves."

    MissingFence "missing-fence" Error
    "A component is neither inside nor outside."
    "The fence is the point of the workspace: every component says `fence = \"inside\"` or `fence = \"outside\"`."

    PartOfCycle "part-of-cycle" Error
    "Components are part of each other in a circle."
    "`part-of` leads from a component to the larger one that contains it, and in the end to one that is part of nothing."

    EmptyClaim "empty-claim" Error
    "A claim says nothing."
    "A claim without any field would match every object of the cluster. Name at least one namespace, label, kind or \
     name."

    ImpossibleClaim "impossible-claim" Error
    "A claim can never match anything."
    "For example a namespace with upper-case letters, a kind in lower case, a glob that cannot be parsed, or a claim on \
     kinds alone for objects that live in namespaces: kind-only and group-only claims match cluster-scoped objects only, \
     so that a claim on `Deployment` cannot swallow the whole cluster."

    EqualClaims "equal-claims" Error
    "Two components claim the same objects equally specifically."
    "Every object would be contested. Make one of the claims more specific (name > release or application > label > \
     exact namespace > longest glob prefix > kind > API group) or remove it."

    UnknownControl "unknown-control" Error
    "A control that the framework does not have."
    "Controls are named with their framework, `nist-800-53r5:ac-6.5`, or as the framework prints them, `AC-6(5)`, for \
     the framework of the baseline."

    UnknownCheck "unknown-check" Error
    "A check that is neither built in nor declared."
    "Checks are named by their identifier, for example `pod-privileged`."

    UnknownBaseline "unknown-baseline" Error
    "A framework or baseline that does not exist."
    "`[baseline]` names a framework and one of the selections that it defines."

    InvalidData "invalid-data" Error
    "A framework, check or other data file of the workspace cannot be used."
    "Data files below `controls/` have the form of the built-in ones, `docs/data-format.md`."

    InvalidExpression "invalid-expression" Error
    "An expression of a check cannot be compiled."
    "Rules of checks are written in CEL, the language of Kubernetes' admission policies; `docs/data-format.md` lists \
     the names and functions that they may use. All mistakes of an expression are shown, each at its place."

    NotCollected "not-collected" Error
    "A check reads what no snapshot holds."
    "A snapshot keeps named paths of each kind, and those that the rules of your own checks read are added to them before \
     collecting. Some things are never kept: content of Secrets and ConfigMaps, values of environment variables, command \
     lines, `managedFields`, and annotations that repeat whole objects. Of maps and lists name what is asked about: \
     `object.spec.x`, not `string(object.spec)`."

    DuplicateImplementation "duplicate-implementation" Error
    "A control has two implementations."
    "One control, one statement: say in it how several components meet the control together."

    OriginationContradiction "origination-contradiction" Error
    "The declared origination contradicts the fence."
    "Whose job a control is follows from the components that meet it: inside ones only make it system-specific, \
     outside ones only inherited or customer-provided, both make it shared. Leave `origination` out to have it derived, \
     or name the components that are missing."

    EvidenceMissing "evidence-missing" Error
    "An attached file does not exist or lies outside the workspace."
    "Evidence, logos and other files are named relative to the workspace and lie within it, also after following links, \
     so that a copied workspace is whole. Anything else is an `https:` link."

    InvalidAddress "invalid-address" Error
    "A web address is not one."
    "Addresses that are handed to others in files for programs have a scheme, `https:` or `http:`, and no blanks. That \
     of a logo leads to a picture."

    FedrampContact "fedramp-contact" Error
    "The FedRAMP package lacks a contact."
    "FedRAMP asks for a contact of type Security and one of type Sales at least, each with an e-mail address: a team or \
     person of the workspace, named in `[[fedramp.contact]]`."

    DateOrder "date-order" Error
    "Dates are in an impossible order."
    "A document is completed before it is approved and approved before its next review; an exception is approved before \
     it expires."

    DuplicateCluster "duplicate-cluster" Error
    "Two clusters have the same UID or context."
    "A snapshot is joined to its declared cluster by the UID of its kube-system namespace, or by the kubeconfig context."

    DuplicateSetting "duplicate-setting" Error
    "A setting of one control plane is declared twice."
    "A cluster has one value of each setting: two declarations leave open which of them holds. The authorization modes \
     stand either in `[[cluster]]` or in a `[[provider-setting]]`."

    ContradictedDeclaration "contradicted-declaration" Warning
    "The newest evidence contradicts what a provider says of the control plane."
    "`[[provider-setting]]` says what the API does not show. Where a flag, a metric or an address shows it after all, \
     evidence counts, and the declaration is to be corrected, or the provider to be asked."

    ExpiredException "expired-exception" Warning
    "An exception has expired."
    "It covers nothing any more; its findings count again. Renew it with a new approval or remove it."

    StaleResults "stale-results" Warning
    "Results of another tool are older than evidence may be."
    "They are shown as what they were on their day, and held against nothing. Scan again, import the new results and \
     remove the old file; `evidence-days` in `[policy]` says how old evidence may be."

    ResultsOfUnknownCluster "results-of-unknown-cluster" Warning
    "Results of another tool speak of a cluster that is not declared."
    "They are shown, and held against no check of ours, because nobody says which snapshot they stand beside. Import the \
     file anew with `--cluster ID`."

    BroadException "broad-exception" Warning
    "An exception has no narrower scope than its check."
    "Without `component`, `namespaces` or `objects` it excuses every failure of the check, also those that nobody has \
     thought of yet."

    ExpiredContract "expired-contract" Warning
    "A contract has expired."
    "The documents show the date; work of this organization rests on no agreement."

    AuthorizationElsewhere "authorization-elsewhere" Error
    "An authorization is not one of a provider for what it covers."
    "A system builds on what another organization was authorized for. The organization is therefore not our own, each \
     component stands outside the fence with a team of that organization, and no component has two authorizations."

    ExpiredAuthorization "expired-authorization" Warning
    "A provider's authorization has expired."
    "What is inherited from the provider rests on no decision any more. Ask for the renewed one, and give its dates."

    AuthorizationAhead "authorization-ahead" Warning
    "A provider's authorization is dated in the future."
    "Nothing can be inherited before somebody decided. Documents show the date as it is declared."

    AuthorizationTooLow "authorization-too-low" Warning
    "A provider was authorized for a lower impact than this system has."
    "What was judged good enough for less is not thereby good enough here: the statements say what makes up for it."

    ResponsibilityUnanswered "responsibility-unanswered" Warning
    "A provider leaves something to us, and nobody says how it is done."
    "Inheriting a control means doing one's own share of it. `satisfied` in `[[implementation.inherited]]` says how; \
     until then the documents show the responsibility as open."

    ReviewOverdue "review-overdue" Warning
    "A review is overdue."
    "The date of the next review, of a recurring assessment or of a control's statement is in the past."

    ExpiredAccess "expired-access" Warning
    "Access to nodes is past its end."
    "Remove the access and then its declaration, or extend it."

    LeftStillNamed "left-still-named" Warning
    "Somebody who left is still named."
    "An owner, approver, contact, rota or node access that names a person who left leads to nobody. What is on record, \
     an author or an approval that was given, stays as it was."

    UnheldSkill "unheld-skill" Warning
    "A skill that nobody has, spelled almost like one that somebody has."
    "Skills are free words and are compared as they are written: `postgres` and `postgresql` are two skills, and \
     whoever has one of them does not count for the other."

    KeyPerson "key-person" Warning
    "Fewer people than the policy asks for can handle a component or an activity."
    "`least-people` in `[policy.staffing]` asks for this warning. Counted are the people of the team who have every \
     skill that is declared for it and who have not left; the document `people` names them."

    OverloadedPerson "overloaded-person" Warning
    "More hangs on one person than the policy allows."
    "`most-alone` in `[policy.staffing]` asks for this warning: the components and activities that nobody else of the \
     teams who do them can handle."

    UnstaffedNight "unstaffed-night" Warning
    "A team whose work does not wait has fewer people on call at 2 AM than the policy asks for."
    "`least-on-call` in `[policy.staffing]` asks for this warning. Work does not wait where an activity is \
     `out-of-hours` or a component is `critical`; on call are the people of `[[rota]]` tables whose hours include 02:00."

    WithdrawnControl "withdrawn-control" Warning
    "A control that its framework no longer has."
    "The catalog keeps identifiers of withdrawn controls, so that old references are explained. Its publisher says \
     where the control went."

    ControlGap "control-gap" Warning
    "Controls of the baseline have no implementation."
    "Every control of the baseline is answered by an `[[implementation]]`, whoever meets it, or left out with a reason. \
     `planned` is an answer, silence is none. Withdrawn controls are never asked for."

    OutsideBaseline "outside-baseline" Warning
    "An implementation answers a control that was not chosen."
    "The documents are about the baseline and the selections beside it. `[[baseline.add]]` adds a control, \
     `[[baseline.beside]]` a framework."

    ParameterUnset "parameter-unset" Warning
    "A parameter that the control leaves to the organization has no value."
    "A control such as \"review accounts every …\" says little until the blank is filled. Only statements are asked that \
     claim to meet a control with components inside the fence: providers and the organization as a whole set theirs."

    UnknownParameter "unknown-parameter" Warning
    "A parameter that the control does not have."
    "Parameters carry the names that the framework's publisher gives them, `ac-06.05_odp`."

    FedrampThirdParty "fedramp-third-party" Warning
    "The FedRAMP package does not say whether what others provide is certified."
    "Components outside the fence that belong to another organization are third-party information resources \
     (MAS-CSO-TPR). `[[fedramp.third-party]]` names each of them, with its FedRAMP identifier where it is certified; a \
     component that is not named is not listed, since nobody said which of the two it is."

    StatusContradiction "status-contradiction" Warning
    "The declared status or origination is contradicted by the fence or by evidence."
    "A control that does not apply is met by no component. With `check --evidence`, also: a control declared as \
     implemented although a check fails that questions it, and one declared as a provider's or customer's although open \
     findings are on components inside the fence."

    Placeholder "placeholder" Warning
    "A text still has a placeholder."
    "`TODO`, `FIXME`, `TBD`, `<…>`, `[insert …]` and `[Assignment: …]` would be printed in documents that auditors read."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The page of diagnostics in the documentation.
pub fn documentation() -> String {
    let mut page = String::from(
        "# Diagnostics\n\n\
         <!-- Written from src/workspace/code.rs: SCOPEFENCE_UPDATE=1 cargo test --test testsuite diagnostics_page -->\n\n\
         What `scopefence check` can say about a workspace. Errors stop every command; warnings do not, unless \
         `check` runs with `--strict`.\n\n\
         | code | level | rule |\n| --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let level = level(*code);
        page.push_str(&format!("| [`{code}`](#{code}) | {level} | {} |\n", code.title()));
    }
    for code in Code::ALL {
        page.push_str(&format!("\n## {code}\n\n*{}.* {}\n\n{}\n", level(*code), code.title(), code.explanation()));
    }
    page
}

fn level(code: Code) -> &'static str {
    match code.level() {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let codes: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|b| b == b'-' || b.is_ascii_lowercase())));
    }
}
