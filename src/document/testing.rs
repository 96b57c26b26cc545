//! A small workspace and an empty assessment for tests of this stage and of the renderers.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    assess::{Assessment, Beside},
    frameworks::Frameworks,
    workspace::{
        Activity, ActivityId, Categorization, Color, Component, ComponentId, DocumentControl, Duty, Fence, Impact,
        OperationalStatus, Organization, OrganizationId, OrganizationKind, Paper, Party, Policy, RaciParty, ReaderRole,
        StaffingPolicy, Style, System, SystemKind, Team, TeamId, Workspace,
    },
};

/// Composes with the built-in frameworks and checklists.
pub(crate) fn compose(
    workspace: &Workspace,
    assessment: &Assessment,
) -> Result<Vec<super::Document>, super::ComposeError> {
    super::compose(workspace, assessment, Frameworks::builtin(), &crate::checklist::builtin())
}

/// An assessment without any snapshot: a plan.
pub(crate) fn plan() -> Assessment {
    Assessment {
        as_of: None,
        clusters: Vec::new(),
        checks: Vec::new(),
        results: Vec::new(),
        findings: Vec::new(),
        controls: Vec::new(),
        exceptions: Vec::new(),
        trend: Vec::new(),
        vanished: Vec::new(),
        beside: Beside::default(),
    }
}

fn team(id: &str, name: &str, reader: ReaderRole) -> Team {
    Team {
        id: TeamId::new(id),
        name: name.to_owned(),
        short: name[..1].to_owned(),
        organization: OrganizationId::new("acme"),
        description: format!("{name} of Acme."),
        email: Some(format!("{id}@acme.example")),
        phone: None,
        chat: None,
        hours: None,
        response_time: Some("30 min".to_owned()),
        reader,
    }
}

fn component(id: &str, fence: Fence, team: &str) -> Component {
    let team = TeamId::new(team);
    Component {
        id: ComponentId::new(id),
        title: format!("The {id}"),
        group: "Group".to_owned(),
        fence,
        team: team.clone(),
        description: "What it *does*.".to_owned(),
        part_of: None,
        duties: Duty::ALL.into_iter().map(|duty| (duty, team.clone())).collect(),
        claims: Vec::new(),
        optional: false,
        critical: false,
        recovery_point: None,
        recovery_time: None,
        restore_tested: None,
        product: None,
        version: None,
        skills: Vec::new(),
        provider_uuid: None,
        kind: "software".to_owned(),
        declared_at: "scope/test.toml:1".to_owned(),
    }
}

/// An activity in which one party does and answers for everything.
pub(crate) fn activity(id: &str, title: &str, a: RaciParty) -> Activity {
    Activity {
        id: ActivityId::new(id),
        title: title.to_owned(),
        group: "Group".to_owned(),
        description: String::new(),
        component: None,
        duty: None,
        r: vec![a.clone()],
        a,
        c: Vec::new(),
        i: Vec::new(),
        frequency: None,
        because: None,
        controls: Vec::new(),
        skills: Vec::new(),
        out_of_hours: false,
    }
}

/// Two teams, two components, two activities.
pub(crate) fn workspace() -> Workspace {
    let platform = Party::Team(TeamId::new("platform"));
    let mut database = component("database", Fence::Inside, "platform");
    database.duties.insert(Duty::Data, TeamId::new("payments"));
    Workspace {
        root: PathBuf::from("/nowhere"),
        frameworks: Frameworks::builtin().clone(),
        language: "en".to_owned(),
        system: System {
            id: "acme".to_owned(),
            name: "Acme Platform".to_owned(),
            identifier: None,
            summary: "A platform.".to_owned(),
            purpose: "It runs *things*.".to_owned(),
            environment: String::new(),
            boundary: String::new(),
            categorization: Categorization {
                confidentiality: Impact::Moderate,
                integrity: Impact::Moderate,
                availability: Impact::Low,
                rationale: String::new(),
                information_types: Vec::new(),
            },
            owner: platform.clone(),
            authorizing_official: platform.clone(),
            security_officer: platform.clone(),
            contacts: Vec::new(),
            status: OperationalStatus::Operational,
            kind: SystemKind::GeneralSupportSystem,
            laws: Vec::new(),
        },
        control: DocumentControl {
            identifier: "ACME".to_owned(),
            version: "1.0".to_owned(),
            author: platform.clone(),
            owner: platform.clone(),
            approver: platform,
            completed: None,
            approved: None,
            next_review: None,
            distribution: "All teams".to_owned(),
            retention: "3 years".to_owned(),
            classification: "Internal".to_owned(),
            revisions: Vec::new(),
        },
        style: Style {
            organisation: "Acme".to_owned(),
            logo: None,
            accent: Color { r: 0, g: 90, b: 160 },
            paper: Paper::A4,
        },
        policy: Policy {
            registries: Vec::new(),
            node_images: Vec::new(),
            runtimes: Vec::new(),
            certificate_days: 30,
            evidence_days: 30,
            privileged_namespaces: Vec::new(),
            open_namespaces: Vec::new(),
            remediation_days: BTreeMap::new(),
            report_days: 7,
            restore_test_days: None,
            dedicated_nodes: Vec::new(),
            review_days: None,
            time_zone: None,
            staffing: StaffingPolicy::default(),
            admission: None,
        },
        organizations: vec![Organization {
            id: OrganizationId::new("acme"),
            name: "Acme".to_owned(),
            kind: OrganizationKind::Own,
            jurisdiction: None,
            contract: None,
            contract_expires: None,
            contact: None,
        }],
        teams: vec![
            team("platform", "Platform", ReaderRole::Platform),
            team("payments", "Payments", ReaderRole::Application),
        ],
        authorizations: Vec::new(),
        people: Vec::new(),
        rotas: Vec::new(),
        members: Vec::new(),
        grants: Vec::new(),
        results: Vec::new(),
        clusters: Vec::new(),
        roles: Vec::new(),
        components: vec![database, component("pods", Fence::Outside, "payments")],
        interfaces: Vec::new(),
        connections: Vec::new(),
        node_access: Vec::new(),
        lifecycles: Vec::new(),
        provider_settings: Vec::new(),
        activities: vec![
            activity("upgrade", "Upgrade the cluster", RaciParty::Team(TeamId::new("platform"))),
            activity("fix-image", "Fix a vulnerable image", RaciParty::Owner),
        ],
        cryptography: Vec::new(),
        assessments: Vec::new(),
        baseline: None,
        implementations: Vec::new(),
        checks: Vec::new(),
        check_overrides: Vec::new(),
        exceptions: Vec::new(),
        poam: Vec::new(),
        fedramp: None,
        result_mappings: Vec::new(),
        acronyms: BTreeMap::new(),
        renamed: BTreeMap::new(),
        sample: false,
    }
}
