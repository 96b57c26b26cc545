//! The system itself: identification, categorization, people, status, clusters, laws, dates.

use super::{Ctx, Grid, Head, Place, join, observed, table::lines, terms, words_or_nothing};
use crate::{
    assess::ClusterEvidence,
    document::{
        parse::web_address,
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    sort::Sort,
    workspace::{Cluster, ImplementationStatus, Organization, OrganizationKind, Party, Team},
};

/// The plan in one table of terms.
pub(super) fn glance(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let system = &ctx.ws.system;
    let t = ctx.t;
    let impact = t.fill(
        "plan.impact",
        &[
            ("overall", t.t(words::impact(system.categorization.overall()))),
            ("c", t.t(words::impact(system.categorization.confidentiality))),
            ("i", t.t(words::impact(system.categorization.integrity))),
            ("a", t.t(words::impact(system.categorization.availability))),
        ],
    );
    let statuses = [
        ImplementationStatus::Implemented,
        ImplementationStatus::Partial,
        ImplementationStatus::Planned,
        ImplementationStatus::Alternative,
        ImplementationStatus::NotApplicable,
    ];
    let counted = statuses.iter().filter_map(|status| {
        let count = ctx.ws.implementations.iter().filter(|item| item.status == *status).count();
        let (tone, key) = words::implementation(*status);
        (count > 0).then(|| Inline::Badge { tone, text: format!("{count} {}", t.t(key)) })
    });
    let contradicted = ctx.assessment.controls.iter().filter(|posture| posture.contradiction.is_some()).count();
    let contradicted = (contradicted > 0)
        .then(|| Inline::Badge { tone: Tone::Bad, text: ctx.t.count("plan.contradicted", contradicted) });
    let evidence: Vec<String> = ctx.assessment.clusters.iter().map(|cluster| observed::when(ctx, cluster)).collect();
    let evidence = if evidence.is_empty() {
        vec![ctx.badge(Tone::Unknown, "observed.not_yet")]
    } else {
        vec![Inline::text(evidence.join("; "))]
    };
    Ok(vec![terms(
        ctx,
        [
            ("plan.name", vec![Inline::text(&*system.name)]),
            ("plan.identifier", identifier(ctx)),
            ("plan.what", words_or_nothing(&system.summary)),
            ("plan.overall", vec![Inline::text(impact)]),
            ("plan.owner", vec![ctx.party(&system.owner)]),
            ("plan.official", vec![ctx.party(&system.authorizing_official)]),
            ("plan.security", vec![ctx.party(&system.security_officer)]),
            ("plan.status", vec![ctx.text(words::operational_status(system.status))]),
            ("plan.kind", vec![ctx.text(words::system_kind(system.kind))]),
            ("plan.controls", join(counted.chain(contradicted), ", ")),
            ("plan.evidence", evidence),
        ],
    )])
}

fn identifier(ctx: &Ctx<'_>) -> Vec<Inline> {
    match &ctx.ws.system.identifier {
        Some(identifier) => vec![Inline::code(&**identifier)],
        None => vec![ctx.text("plan.no_identifier")],
    }
}

/// Name, identifier and what the system is.
pub(super) fn identification(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let system = &ctx.ws.system;
    Ok(vec![terms(
        ctx,
        [
            ("plan.name", vec![Inline::text(&*system.name)]),
            ("plan.identifier", identifier(ctx)),
            ("plan.organisation", vec![Inline::text(&*ctx.ws.style.organisation)]),
            ("plan.what", words_or_nothing(&system.summary)),
        ],
    )])
}

/// Impact levels: the system's, and those of each information type.
pub(super) fn categorization(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let categorization = &ctx.ws.system.categorization;
    let heads = [
        Head::name("column.information", 40),
        Head::fit("column.confidentiality"),
        Head::fit("column.integrity"),
        Head::fit("column.availability"),
    ];
    let mut grid = Grid::new(ctx, place, "categorization-table", "table.categorization", &heads);
    let impact = |impact| Cell::text(ctx.t.t(words::impact(impact)));
    for kind in &categorization.information_types {
        let mut name = vec![Inline::text(&*kind.name)];
        if let Some(identifier) = &kind.identifier {
            name.extend([Inline::text(" ("), Inline::code(&**identifier), Inline::text(")")]);
        }
        grid.row(vec![
            Cell::new(name),
            impact(kind.confidentiality),
            impact(kind.integrity),
            impact(kind.availability),
        ]);
    }
    let strong = |text: &str| Cell::new(vec![Inline::Strong { text: vec![Inline::text(text)] }]);
    let total = |impact| strong(ctx.t.t(words::impact(impact)));
    grid.row(vec![
        strong(ctx.t.t("plan.whole")),
        total(categorization.confidentiality),
        total(categorization.integrity),
        total(categorization.availability),
    ]);
    let overall = ctx.t.inlines(
        "plan.high_water",
        &[("overall", Inline::Strong { text: vec![ctx.text(words::impact(categorization.overall()))] })],
    );
    Ok(vec![grid.block(), Block::Paragraph { text: overall }])
}

/// `node(name="party", of="owner")`: a person or team with how to reach them.
pub(super) fn party(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let system = &ctx.ws.system;
    let party = match place.argument("of")? {
        "owner" => &system.owner,
        "official" => &system.authorizing_official,
        "security" => &system.security_officer,
        other => return Err(format!("there is no `{other}`; write `owner`, `official` or `security`")),
    };
    let (title, team) = match party {
        Party::Person(id) => {
            let person = ctx.ws.person(id);
            (person.title.as_deref().unwrap_or_default(), ctx.teams(&person.teams))
        }
        Party::Team(id) => (ctx.ws.team(id).description.as_str(), Vec::new()),
    };
    Ok(vec![terms(
        ctx,
        [
            ("party.name", vec![Inline::text(ctx.ws.party_name(party))]),
            ("party.title", words_or_nothing(title)),
            ("party.team", team),
            ("party.reach", reach(ctx, party)),
        ],
    )])
}

/// How to reach a party: its own addresses, else those of a person's first team.
pub(super) fn reach(ctx: &Ctx<'_>, party: &Party) -> Vec<Inline> {
    match party {
        Party::Team(id) => team_reach(ctx.ws.team(id)),
        Party::Person(id) => {
            let person = ctx.ws.person(id);
            let own = addresses(person.email.as_deref(), person.phone.as_deref(), None);
            match person.teams.first() {
                Some(team) if own.is_empty() => team_reach(ctx.ws.team(team)),
                _ => own,
            }
        }
    }
}

/// How to reach a team.
pub(super) fn team_reach(team: &Team) -> Vec<Inline> {
    addresses(team.email.as_deref(), team.phone.as_deref(), team.chat.as_deref())
}

fn addresses(email: Option<&str>, phone: Option<&str>, chat: Option<&str>) -> Vec<Inline> {
    let link = |scheme: &str, text: &str| {
        let target: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        match web_address(&format!("{scheme}:{target}")) {
            Some(url) => Inline::Link { target: Target::Url(url), text: vec![Inline::text(text)] },
            None => Inline::text(text),
        }
    };
    let chat = chat.map(|chat| match web_address(chat) {
        Some(url) => Inline::Link { target: Target::Url(url), text: vec![Inline::text(chat)] },
        None => Inline::text(chat),
    });
    join(
        [email.map(|email| link("mailto", email)), phone.map(|phone| link("tel", phone)), chat].into_iter().flatten(),
        ", ",
    )
}

/// A contact in free text: each word that is a web or mail address becomes a link.
pub(super) fn contact(text: &str) -> Vec<Inline> {
    let words = text.split_whitespace().map(|word| {
        let bare = word.trim_end_matches([',', ';', '.']);
        let mail = |word: &str| {
            let (user, host) = word.split_once('@')?;
            (!user.is_empty() && host.contains('.') && !word.contains([':', '/'])).then(|| format!("mailto:{word}"))
        };
        match mail(bare).or_else(|| bare.contains("://").then(|| bare.to_owned())).and_then(|url| web_address(&url)) {
            Some(url) => {
                let link = Inline::Link { target: Target::Url(url), text: vec![Inline::text(bare)] };
                vec![link, Inline::text(&word[bare.len()..])]
            }
            None => vec![Inline::text(word)],
        }
    });
    let mut out = Vec::new();
    for word in words {
        if !out.is_empty() {
            out.push(Inline::text(" "));
        }
        out.extend(word.into_iter().filter(|inline| *inline != Inline::text("")));
    }
    out
}

/// Other designated contacts.
pub(super) fn contacts(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [Head::name("column.who", 24), Head::text("column.about", 40), Head::text("column.reach", 36)];
    let mut grid = Grid::new(ctx, place, "contacts-table", "table.contacts", &heads);
    for contact in &ctx.ws.system.contacts {
        grid.row(vec![
            Cell::new(vec![ctx.party(&contact.party)]),
            Cell::text(&*contact.about),
            Cell::new(reach(ctx, &contact.party)),
        ]);
    }
    grid.blocks()
}

/// Operational status and system type.
pub(super) fn status(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let system = &ctx.ws.system;
    Ok(vec![terms(
        ctx,
        [
            ("plan.status", vec![ctx.text(words::operational_status(system.status))]),
            ("plan.kind", vec![ctx.text(words::system_kind(system.kind))]),
        ],
    )])
}

/// Clusters: as declared, and which of them were observed.
pub(super) fn clusters(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.cluster", 18),
        Head::text("column.environment", 14),
        Head::text("column.location", 18),
        Head::text("column.control_plane", 18),
        Head::text("column.observed", 32),
    ];
    let mut grid = Grid::new(ctx, place, "clusters-table", "table.clusters", &heads);
    let seen = |cluster: Option<&ClusterEvidence>| match cluster {
        Some(cluster) => {
            let version = cluster.header.cluster.version.as_deref().unwrap_or_else(|| ctx.t.t("word.unknown_version"));
            Cell::text(format!("{}, {version}", observed::when(ctx, cluster)))
        }
        None => Cell::new(vec![ctx.badge(Tone::Unknown, "observed.not_yet")]),
    };
    for cluster in &ctx.ws.clusters {
        grid.row(vec![
            Cell::text(&*cluster.name),
            Cell::text(cluster.environment.as_deref().unwrap_or_default()),
            Cell::text(cluster.location.as_deref().unwrap_or_default()),
            Cell::text(ctx.t.t(words::control_plane(cluster.control_plane))),
            seen(ctx.assessment.clusters.iter().find(|evidence| is(cluster, evidence))),
        ]);
    }
    let declared = |evidence: &ClusterEvidence| ctx.ws.clusters.iter().any(|cluster| is(cluster, evidence));
    for cluster in ctx.assessment.clusters.iter().filter(|cluster| !declared(cluster)) {
        grid.row(vec![
            Cell::new(vec![Inline::code(&*cluster.header.cluster.id)]),
            Cell::text(ctx.t.t("word.not_declared")),
            Cell::text(""),
            Cell::text(""),
            seen(Some(cluster)),
        ]);
    }
    grid.blocks()
}

/// Whether this evidence is of that cluster: the UID decides where both are known.
fn is(cluster: &Cluster, evidence: &ClusterEvidence) -> bool {
    match (&cluster.uid, &evidence.header.cluster.uid) {
        (Some(declared), Some(observed)) => declared == observed,
        _ => cluster.id.as_str() == evidence.header.cluster.id,
    }
}

/// Laws, regulations and policies.
pub(super) fn laws(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [Head::name("column.law", 30), Head::text("column.citation", 24), Head::text("column.relevance", 46)];
    let mut grid = Grid::new(ctx, place, "laws-table", "table.laws", &heads);
    for law in &ctx.ws.system.laws {
        grid.row(vec![
            Cell::text(&*law.title),
            Cell::text(law.citation.as_deref().unwrap_or_default()),
            Cell::text(&*law.relevance),
        ]);
    }
    grid.blocks()
}

/// Organizations with contract and jurisdiction.
pub(super) fn organizations(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    organization_table(ctx, place, |_| true)
}

/// Organizations that a provider audit is about: everybody but ourselves and our customers.
pub(super) fn suppliers(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    organization_table(ctx, place, |organization| {
        !matches!(organization.kind, OrganizationKind::Own | OrganizationKind::Customer)
    })
}

fn organization_table(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    wanted: impl Fn(&Organization) -> bool,
) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.organization", 22),
        Head::text("column.relation", 14),
        Head::text("column.jurisdiction", 14),
        Head::text("column.contract", 22),
        Head::text("column.teams", 18),
        Head::text("column.reach", 20),
    ];
    let mut grid = Grid::new(ctx, place, "organizations-table", "table.organizations", &heads);
    for organization in ctx.ws.organizations.iter().filter(|organization| wanted(organization)) {
        let contract = organization.contract.as_deref().map(|contract| vec![Inline::text(contract)]);
        let ends = organization
            .contract_expires
            .map(|date| vec![Inline::text(ctx.t.fill("plan.contract_ends", &[("date", &words::date(date))]))]);
        let teams = ctx.ws.teams.iter().filter(|team| team.organization == organization.id).map(|team| &team.id);
        grid.row(vec![
            Cell::text(&*organization.name),
            Cell::text(ctx.t.t(words::organization_kind(organization.kind))),
            Cell::text(organization.jurisdiction.as_deref().unwrap_or_default()),
            lines([contract, ends].into_iter().flatten()),
            Cell::new(ctx.teams(teams)),
            Cell::new(organization.contact.as_deref().map(contact).unwrap_or_default()),
        ]);
    }
    grid.blocks()
}

/// Every date that somebody must keep, soonest first; those past at the time of the evidence are marked.
pub(super) fn dates(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let ws = ctx.ws;
    let t = ctx.t;
    let mut rows: Vec<(chrono::NaiveDate, String, Vec<Inline>, bool)> = Vec::new();
    let document = ctx.party(&ws.control.owner);
    for (date, key, due) in [
        (ws.control.completed, "dates.completed", false),
        (ws.control.approved, "dates.approved", false),
        (ws.control.next_review, "dates.next_review", true),
    ] {
        rows.extend(date.map(|date| (date, t.t(key).to_owned(), vec![document.clone()], due)));
    }
    for organization in &ws.organizations {
        let what = t.fill("dates.contract", &[("name", &organization.name)]);
        let teams = ws.teams.iter().filter(|team| team.organization == organization.id).map(|team| &team.id);
        rows.extend(organization.contract_expires.map(|date| (date, what, ctx.teams(teams), true)));
    }
    for authorization in &ws.authorizations {
        let organization = &ws.organization(&authorization.organization).name;
        let what = t.fill("dates.authorization", &[("title", &authorization.title), ("name", organization)]);
        let teams = ws.teams.iter().filter(|team| team.organization == authorization.organization).map(|team| &team.id);
        rows.extend(authorization.expires.map(|date| (date, what, ctx.teams(teams), true)));
    }
    for access in &ws.node_access {
        let what = t.fill("dates.node_access", &[("nodes", &access.nodes), ("method", &access.method)]);
        rows.extend(access.until.map(|date| (date, what, ctx.teams(&access.teams), true)));
    }
    for exception in &ws.exceptions {
        let what = t.fill("dates.exception", &[("name", exception.id.as_str())]);
        rows.push((exception.expires, what, vec![ctx.party(&exception.owner)], true));
    }
    for assessment in &ws.assessments {
        let what = t.fill("dates.assessment", &[("name", &assessment.title)]);
        rows.extend(assessment.next.map(|date| (date, what, vec![ctx.team(&assessment.team)], true)));
    }
    for item in &ws.implementations {
        let what = t.fill("dates.control", &[("name", &ctx.label(&item.control))]);
        rows.extend(item.review_by.map(|date| (date, what, vec![ctx.team(&item.team)], true)));
    }
    rows.order_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let heads = [Head::fit("column.date"), Head::name("column.what_ends", 56), Head::text("column.team", 28)];
    let mut grid = Grid::new(ctx, place, "dates-table", "table.dates", &heads);
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    for (date, what, who, due) in rows {
        let mut shown = vec![Inline::text(words::date(date))];
        if due && today.is_some_and(|today| date < today) {
            shown.extend([Inline::Break, ctx.badge(Tone::Bad, "dates.past")]);
        }
        grid.row(vec![Cell::new(shown), Cell::text(what), Cell::new(who)]);
    }
    grid.blocks()
}
