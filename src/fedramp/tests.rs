//! What a package says of declarations and evidence, and what it keeps to itself.

use serde_json::Value;

use super::{validate::Kind, *};
use crate::{
    assess::{ControlPosture, Outcome, Standing},
    document::testing::{plan, workspace as acme},
    frameworks::Frameworks,
    schema::Problem,
    workspace::{
        AttachedEvidence, CheckId, ControlId, Fedramp, Implementation, ImplementationStatus, Origination, Party, Place,
        TeamId,
        fedramp::{Certification, Class, PackageContact},
    },
};

const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\u{1b}[31m [x](javascript:y) \"quoted\"";

fn declared() -> Workspace {
    let mut workspace = acme();
    let contact = |kind: &str| PackageContact { kind: kind.to_owned(), party: Party::Team(TeamId::new("platform")) };
    workspace.teams[0].email = Some("platform@acme.example".to_owned());
    workspace.fedramp = Some(Fedramp {
        overview: "https://acme.example/overview.json".to_owned(),
        certification: Certification::TwentyX,
        class: None,
        package_id: None,
        uei: None,
        acronym: "AP".to_owned(),
        website: "https://acme.example/".to_owned(),
        logo: "https://acme.example/logo.svg".to_owned(),
        service_models: vec!["PaaS"],
        deployment_model: "Public Cloud",
        business_categories: Vec::new(),
        next_report: None,
        official: Party::Team(TeamId::new("platform")),
        trust_center: None,
        secure_configuration: None,
        repositories: Vec::new(),
        contacts: vec![contact("Security"), contact("Sales")],
        assessor: None,
        services: Vec::new(),
        third_parties: Vec::new(),
        assessed: Vec::new(),
    });
    workspace
}

fn statement(control: &str, status: ImplementationStatus) -> Implementation {
    Implementation {
        control: ControlId::new(control),
        said_with: None,
        place: Place::nowhere(),
        narrative: "We *do*.".to_owned(),
        status,
        origination: Origination::Organization,
        origination_derived: true,
        components: Vec::new(),
        inherited: Vec::new(),
        team: TeamId::new("platform"),
        checks: Vec::new(),
        parameters: Default::default(),
        evidence: Vec::new(),
        review_by: None,
        attested: None,
        attested_by: None,
        declared_at: String::new(),
    }
}

fn posture(control: &str, standing: Standing, outcome: Outcome) -> ControlPosture {
    ControlPosture {
        control: ControlId::new(control),
        checks: vec![CheckId::new("pod-privileged")],
        outcome,
        standing,
        team: None,
        declared: Some(ImplementationStatus::Implemented),
        look_by: None,
        observed: 0,
        needed: 1,
        findings: Vec::new(),
        contradiction: None,
    }
}

/// Overview and record, both valid.
fn written(workspace: &Workspace, assessment: &Assessment) -> (Value, Value) {
    let files = export(workspace, assessment).expect("a package");
    let read = |at: usize, kind| {
        let value: Value = serde_json::from_slice(&files[at].1).expect("JSON");
        let none: [Problem; 0] = [];
        assert_eq!(validate::problems(kind, &value, Frameworks::builtin()), none);
        assert_eq!(validate::kind(&value), Ok(Some(kind)));
        value
    };
    (read(0, Kind::Overview), read(1, Kind::Record))
}

fn indicator<'v>(record: &'v Value, id: &str) -> &'v Value {
    record["keySecurityIndicators"].as_array().unwrap().iter().find(|it| it["ksiId"] == id).unwrap()
}

#[test]
fn without_a_declaration_there_is_no_package() {
    assert!(export(&acme(), &plan()).is_none());
}

#[test]
fn a_plan_says_nothing_positive_and_nothing_that_was_not_declared() {
    let mut workspace = declared();
    workspace.implementations = vec![
        statement("fedramp-ksi-2026:ksi-cna-rnt", ImplementationStatus::Implemented),
        statement("nist-800-53r5:ac-2", ImplementationStatus::Implemented),
        statement("fedramp-frr-2026:afc-cso-inb", ImplementationStatus::Partial),
    ];
    let mut assessment = plan();
    let unseen = |control| posture(control, Standing::Unseen, Outcome::NotCollected);
    assessment.controls = workspace.implementations.iter().map(|it| unseen(it.control.as_str())).collect();
    let (overview, record) = written(&workspace, &assessment);
    assert_eq!(record["keySecurityIndicators"].as_array().unwrap().len(), 46);
    assert!(!record.to_string().contains("mplemented\"") && !record.to_string().contains("ksiImplementationStatus"));
    let item = indicator(&record, "KSI-CNA-RNT");
    assert_eq!(item["ksiImplementation"][0], "We *do*.");
    assert_eq!(item["ksiEvidence"], serde_json::json!([]));
    assert_eq!(overview["serviceIdentification"]["fedRampPackageId"], "Acme AP", "as the schema asks");
    for absent in ["assessor", "certifiedServices", "thirdPartyInformationResources"] {
        assert!(overview.get(absent).is_none(), "{absent}");
    }
    assert!(overview["metadata"].get("lastUpdated").is_none(), "nobody said when");
    assert!(record.get("portsAndProtocols").is_none());
}

#[test]
fn a_class_lists_what_it_asks_for() {
    let mut workspace = declared();
    let asked = |workspace: &Workspace| {
        let (_, record) = written(workspace, &plan());
        let count = |list: &str| record[list].as_array().map_or(0, Vec::len);
        (count("fedRampRequirements"), count("keySecurityIndicators"))
    };
    assert_eq!(asked(&workspace), (0, 46));
    workspace.fedramp.as_mut().unwrap().class = Some(Class::A);
    assert_eq!(asked(&workspace), (33, 7));
    workspace.fedramp.as_mut().unwrap().class = Some(Class::B);
    assert_eq!(asked(&workspace), (155, 46));
    workspace.fedramp.as_mut().unwrap().certification = Certification::Rev5;
    assert_eq!(asked(&workspace), (162, 0));
}

#[test]
fn hostile_text_stays_text() {
    let mut workspace = declared();
    workspace.system.name = HOSTILE.to_owned();
    workspace.system.purpose = HOSTILE.to_owned();
    workspace.teams[0].name = HOSTILE.to_owned();
    workspace.teams[0].phone = Some(HOSTILE.to_owned());
    let mut item = statement("fedramp-ksi-2026:ksi-cna-rnt", ImplementationStatus::Implemented);
    item.narrative = HOSTILE.to_owned();
    item.parameters.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    item.evidence.push(AttachedEvidence {
        title: HOSTILE.to_owned(),
        location: "evidence/a b.pdf".to_owned(),
        digest: Some("7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069".to_owned()),
        date: None,
    });
    workspace.implementations = vec![item];
    let (overview, record) = written(&workspace, &plan());
    let item = indicator(&record, "KSI-CNA-RNT");
    for markdown in [&item["ksiImplementation"][0], &overview["serviceIdentification"]["serviceDescription"]] {
        let events: Vec<_> = pulldown_cmark::Parser::new(markdown.as_str().unwrap()).collect();
        let harmless = |event: &pulldown_cmark::Event<'_>| {
            use pulldown_cmark::{Event, Tag};
            !matches!(event, Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Link { .. } | Tag::HtmlBlock))
        };
        assert!(events.iter().all(harmless), "{markdown}");
    }
    let all = format!("{overview}{record}");
    assert!(!all.contains('\u{202e}') && !all.contains("\\u001b"), "{all}");
    let piece = &item["ksiEvidence"][0];
    assert_eq!(piece["evidenceLocation"], "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk");
    assert!(piece["evidenceText"].as_str().unwrap().starts_with("evidence/a b.pdf, SHA-256 7f83"));
    assert!(overview["contactInformation"][0].get("contactPhone").is_none());
}

#[test]
fn damage_is_found_at_its_place() {
    let mut workspace = declared();
    let mut control = statement("nist-800-53r5:ac-6.5", ImplementationStatus::Implemented);
    control.parameters.insert("ac-06.05_odp".to_owned(), "two people".to_owned());
    workspace.implementations = vec![control, statement("fedramp-ksi-2026:ksi-cna-rnt", ImplementationStatus::Planned)];
    let (overview, record) = written(&workspace, &plan());
    let said = |kind, value: &Value| -> Vec<String> {
        let problems = validate::problems(kind, value, Frameworks::builtin()).into_iter();
        problems.map(|it| format!("{}: {}", it.path, it.message)).collect()
    };
    let after = |pointer: &str, value: Value| {
        let (kind, good) =
            if overview.pointer(pointer).is_some() { (Kind::Overview, &overview) } else { (Kind::Record, &record) };
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        said(kind, &bad)
    };
    for (pointer, value, message) in [
        (
            "/securityControls/0/controlId",
            "AC-99".into(),
            "$.securityControls[0].controlId: NIST SP 800-53 Rev. 5 has no control `AC-99`",
        ),
        (
            "/securityControls/0/parameterValues/0/parameterId",
            "ac-1_x".into(),
            "$.securityControls[0].parameterValues[0].parameterId: AC-6(5) has no parameter `ac-1_x`",
        ),
        (
            "/keySecurityIndicators/1/ksiId",
            "KSI-CED-RAT".into(),
            "$.keySecurityIndicators[1].ksiId: KSI-CED-RAT stands twice",
        ),
        (
            "/securityControls/0/controlImplementationDescription",
            "TODO".into(),
            "$.securityControls[0].controlImplementationDescription: `TODO` is a placeholder",
        ),
        (
            "/certificationPackageOverviewUri",
            "overview.json".into(),
            "$.certificationPackageOverviewUri: \"overview.json\" is not a web address with its scheme",
        ),
        (
            "/contactInformation/1/contactType",
            "Press".into(),
            "$.contactInformation: nothing in the list has `contactType` = \"Sales\"",
        ),
        (
            "/serviceProperties/deploymentModel",
            "Cellar".into(),
            "$.serviceProperties.deploymentModel: \"Cellar\" is not one of \"Public Cloud\", \"Government-Only Cloud\", \"Hybrid Cloud\", \"Community Cloud\", \"Government Community Cloud\"",
        ),
        (
            "/serviceIdentification/logo",
            "https://acme.example/logo.txt".into(),
            "$.serviceIdentification.logo: \"https://acme.example/logo.txt\" is not written as FedRAMP wants it",
        ),
    ] {
        assert_eq!(after(pointer, value), [message], "{pointer}");
    }
    let mut bad = record.clone();
    bad["keySecurityIndicators"][0]["ksiImplementationStatus"] = "Implemented".into();
    bad["keySecurityIndicators"][0]["ksiImplementation"] = serde_json::json!([]);
    assert_eq!(
        said(Kind::Record, &bad),
        ["$.keySecurityIndicators[0].ksiImplementationStatus: `Implemented`, and no statement says how"]
    );
    let foreign = serde_json::json!({"$schema": format!("{SCHEMAS}fedramp-incident-report-schema-2026-06-24.json")});
    assert!(validate::kind(&foreign).unwrap_err().message.contains("no schema that is known here"));
    assert_eq!(validate::kind(&serde_json::json!({"catalog": {}})), Ok(None));
}
