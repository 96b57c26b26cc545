//! What `scope/` declares: components, interfaces, connections, node access, cryptography, recurring assessments.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Component, ComponentId, Connection, ConnectionId, ConnectionNeed, CryptoState, Cryptography, Duty, Fence,
        Interface, InterfaceId, Lifecycle, NodeAccess, Product, RecurringAssessment, Relies, Side, TeamId,
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw::{self, Text},
    },
    claims,
    context::{Context, Table, Words},
    index::Kind,
    leveraged,
};

pub(super) const FENCES: Words<Fence> = &[("inside", Fence::Inside), ("outside", Fence::Outside)];

pub(super) const DUTIES: Words<Duty> = &[
    ("image", Duty::Image),
    ("configuration", Duty::Configuration),
    ("data", Duty::Data),
    ("availability", Duty::Availability),
    ("access", Duty::Access),
    ("network", Duty::Network),
];

const COMPONENT_KINDS: Words<&str> = &[
    ("software", "software"),
    ("service", "service"),
    ("hardware", "hardware"),
    ("interconnection", "interconnection"),
    ("process", "process"),
];

const NEEDS: Words<ConnectionNeed> = &[("required", ConnectionNeed::Required), ("allowed", ConnectionNeed::Allowed)];

const STATES: Words<CryptoState> = &[("in-transit", CryptoState::InTransit), ("at-rest", CryptoState::AtRest)];
const RELIES: Words<Relies> = &[("from", Relies::From), ("to", Relies::To), ("both", Relies::Both)];

const PRODUCTS: Words<Product> = &[
    ("kubernetes", Product::Kubernetes),
    ("runtime", Product::Runtime),
    ("operating-system", Product::OperatingSystem),
];

/// Components of a circle that a diagnostic names.
const CIRCLE: usize = 8;

pub(super) fn components(context: &Context<'_>, raw: &Raw) -> Vec<Component> {
    let list = raw.components.iter().map(|item| component(context, item)).collect();
    part_of_cycles(context, raw);
    claims::equal(context, raw);
    list
}

fn component(context: &Context<'_>, item: &Item<raw::Component>) -> Component {
    let table = context.table(item, "component", Some(&item.raw.id));
    let raw = &item.raw;
    if !table.was_written("fence", &raw.fence) {
        let message = format!("{} is neither inside nor outside the fence", table.what());
        table.report(
            Diagnostic::new(Code::MissingFence, table.here(), message, "no `fence`")
                .help("write `fence = \"inside\"` or `fence = \"outside\"`"),
        );
    }
    let fence = raw.fence.as_ref().and_then(|_| table.word(&raw.fence, "fence", FENCES));
    let team = table.team(&raw.team, "team");
    Component {
        id: ComponentId::new(table.id(&raw.id)),
        title: table.text(&raw.title, "title"),
        group: table.text(&raw.group, "group"),
        fence: fence.unwrap_or(Fence::Inside),
        description: table.text(&raw.description, "description"),
        part_of: table.optional_component(&raw.part_of),
        duties: duties(&table, raw, &team),
        team,
        claims: raw.claim.iter().flatten().map(|claim| claims::claim(&table, claim)).collect(),
        optional: table.flag(&raw.optional),
        critical: table.flag(&raw.critical),
        product: table.optional(&raw.product),
        version: table.optional(&raw.version),
        recovery_point: table.minutes(&raw.recovery_point_objective, "recovery-point-objective"),
        recovery_time: table.minutes(&raw.recovery_time_objective, "recovery-time-objective"),
        restore_tested: table.date(&raw.restore_tested, "restore-tested"),
        skills: table.list(&raw.skills),
        kind: table.word_or(&raw.kind, "kind", COMPONENT_KINDS, "software").to_owned(),
        provider_uuid: leveraged::uuid(&table, &raw.provider_uuid, "provider-uuid"),
        declared_at: table.here().to_string(),
    }
}

fn duties(table: &Table<'_>, raw: &raw::Component, team: &TeamId) -> BTreeMap<Duty, TeamId> {
    let mut duties: BTreeMap<_, _> = Duty::ALL.into_iter().map(|duty| (duty, team.clone())).collect();
    if let Some(declared) = &raw.duties {
        let d = declared.get_ref();
        let split: [(Duty, &Text); 6] = [
            (Duty::Image, &d.image),
            (Duty::Configuration, &d.configuration),
            (Duty::Data, &d.data),
            (Duty::Availability, &d.availability),
            (Duty::Access, &d.access),
            (Duty::Network, &d.network),
        ];
        for (duty, value) in split {
            if let Some(value) = value {
                duties.insert(duty, table.team_named(value));
            }
        }
    }
    duties
}

/// Follows `part-of` from every component; each circle is reported once, at its first component in the files.
fn part_of_cycles(context: &Context<'_>, raw: &Raw) {
    let parents: BTreeMap<&str, (&Item<raw::Component>, &toml::Spanned<String>)> = raw
        .components
        .iter()
        .filter_map(|item| Some((item.raw.id.as_ref()?.get_ref().as_str(), (item, item.raw.part_of.as_ref()?))))
        .collect();
    let mut done = BTreeSet::new();
    for item in &raw.components {
        let Some(start) = item.raw.id.as_ref().map(|id| id.get_ref().as_str()) else { continue };
        // Every component is walked over once: `done` from earlier starts, `on_path` from this one.
        let (mut path, mut on_path, mut at) = (Vec::new(), BTreeSet::new(), start);
        while !done.contains(at) && on_path.insert(at) {
            path.push(at);
            match parents.get(at) {
                Some((_, next)) => at = next.get_ref(),
                None => break,
            }
        }
        let closed = !done.contains(at) && parents.contains_key(at);
        done.extend(path.iter().copied());
        let Some(first) = path.iter().position(|id| *id == at).filter(|_| closed) else { continue };
        let path = path.split_off(first);
        let start = at;
        let mut circle: Vec<_> = path.iter().take(CIRCLE).map(|id| format!("`{id}`")).collect();
        if path.len() > CIRCLE {
            circle.push(format!("… {} more …", path.len() - CIRCLE));
        }
        circle.push(format!("`{start}`"));
        let message = format!("components are part of each other: {}", circle.join(" → "));
        let mut places = path.iter().take(CIRCLE).filter_map(|id| parents.get(id)).map(|(item, value)| {
            (context.table(item, "component", None).at(value), format!("part of `{}`", value.get_ref()))
        });
        if let Some((place, label)) = places.next() {
            let mut diagnostic = Diagnostic::new(Code::PartOfCycle, place, message, label);
            diagnostic.others.extend(places);
            context.report(diagnostic.help("leave `part-of` out of the outermost component"));
        }
    }
}

pub(super) fn interfaces(context: &Context<'_>, raw: &Raw) -> Vec<Interface> {
    raw.interfaces
        .iter()
        .map(|item| {
            let table = context.table(item, "interface", Some(&item.raw.id));
            let raw = &item.raw;
            table.required(&raw.escalation, "escalation");
            Interface {
                id: InterfaceId::new(table.id(&raw.id)),
                title: table.text(&raw.title, "title"),
                from: side(&table, &raw.from, "from"),
                to: side(&table, &raw.to, "to"),
                crosses: table.text(&raw.crosses, "crosses"),
                protocol: table.optional(&raw.protocol),
                port: table.optional(&raw.port),
                supplies: table.text(&raw.supplies, "supplies"),
                relies: raw.relies.as_ref().and_then(|_| table.word(&raw.relies, "relies", RELIES)),
                escalation: table.teams(&raw.escalation),
                response_time: table.optional(&raw.response_time),
            }
        })
        .collect()
}

fn side(table: &Table<'_>, value: &Text, key: &str) -> Side {
    if let Some(value) = value
        && let Some(team) = value.get_ref().strip_prefix("team:")
    {
        table.refers(Kind::Team, team, value.span());
        return Side::Team(TeamId::new(team));
    }
    Side::Component(table.component(value, key))
}

pub(super) fn connections(context: &Context<'_>, raw: &Raw) -> Vec<Connection> {
    raw.connections
        .iter()
        .map(|item| {
            let table = context.table(item, "connection", Some(&item.raw.id));
            let raw = &item.raw;
            table.required(&raw.ports, "ports");
            Connection {
                id: ConnectionId::new(table.id(&raw.id)),
                title: table.text(&raw.title, "title"),
                from: table.component(&raw.from, "from"),
                to: table.component(&raw.to, "to"),
                need: table.word(&raw.need, "need", NEEDS).unwrap_or(ConnectionNeed::Required),
                protocol: table.text(&raw.protocol, "protocol"),
                ports: raw.ports.iter().flat_map(|ports| ports.get_ref()).map(|port| *port.get_ref()).collect(),
                organization: raw.organization.as_ref().map(|value| table.organization(value)),
                agreement: table.optional(&raw.agreement),
                data: table.text(&raw.data, "data"),
                encryption: table.optional(&raw.encryption),
            }
        })
        .collect()
}

pub(super) fn node_access(context: &Context<'_>, raw: &Raw) -> Vec<NodeAccess> {
    raw.node_access
        .iter()
        .map(|item| {
            let table = context.table(item, "node access", Some(&item.raw.id));
            let raw = &item.raw;
            let until = table.date(&raw.until, "until");
            table.passed(&raw.until, until, Code::ExpiredAccess, || format!("{} is past its end", table.what()));
            let written = table.was_written("teams", &raw.teams)
                || table.was_written("people", &raw.people)
                || table.was_written("groups", &raw.groups);
            if !written {
                let message = format!("{} names nobody", table.what());
                table.report(
                    Diagnostic::new(Code::MissingKey, table.here(), message, "who may?")
                        .help("add `teams`, `people` or `groups`"),
                );
            }
            NodeAccess {
                id: table.id(&raw.id),
                nodes: table.text(&raw.nodes, "nodes"),
                teams: table.teams(&raw.teams),
                people: table.people(&raw.people),
                groups: table.list(&raw.groups),
                from: table.text(&raw.from, "from"),
                method: table.text(&raw.method, "method"),
                when: table.text(&raw.when, "when"),
                until,
                recorded: table.text(&raw.recorded, "recorded"),
            }
        })
        .collect()
}

pub(super) fn lifecycles(context: &Context<'_>, raw: &Raw) -> Vec<Lifecycle> {
    raw.lifecycles
        .iter()
        .filter_map(|item| {
            let table = context.table(item, "lifecycle", None);
            let raw = &item.raw;
            table.required(&raw.product, "product");
            table.required(&raw.versions, "versions");
            table.required(&raw.end, "end");
            let (title, source) = (table.text(&raw.title, "title"), table.text(&raw.source, "source"));
            let (versions, released) = (table.globs(&raw.versions), table.date(&raw.released, "released"));
            let product = raw.product.as_ref().and_then(|_| table.word(&raw.product, "product", PRODUCTS));
            let end = table.date(&raw.end, "end");
            Some(Lifecycle { product: product?, title, versions, released, end: end?, source })
        })
        .collect()
}

pub(super) fn cryptography(context: &Context<'_>, raw: &Raw) -> Vec<Cryptography> {
    raw.cryptography
        .iter()
        .map(|item| {
            let table = context.table(item, "cryptography", Some(&item.raw.id));
            let raw = &item.raw;
            Cryptography {
                id: table.id(&raw.id),
                what: table.text(&raw.what, "what"),
                state: table.word(&raw.state, "state", STATES).unwrap_or(CryptoState::InTransit),
                mechanism: table.text(&raw.mechanism, "mechanism"),
                keys: table.team(&raw.keys, "keys"),
                component: table.optional_component(&raw.component),
                rotation: table.optional(&raw.rotation),
            }
        })
        .collect()
}

pub(super) fn assessments(context: &Context<'_>, raw: &Raw) -> Vec<RecurringAssessment> {
    raw.assessments
        .iter()
        .map(|item| {
            let table = context.table(item, "assessment", Some(&item.raw.id));
            let raw = &item.raw;
            let next = table.date(&raw.next, "next");
            table.passed(&raw.next, next, Code::ReviewOverdue, || format!("{} is overdue", table.what()));
            RecurringAssessment {
                id: table.id(&raw.id),
                title: table.text(&raw.title, "title"),
                team: table.team(&raw.team, "team"),
                frequency: table.text(&raw.frequency, "frequency"),
                method: table.text(&raw.method, "method"),
                last: table.date(&raw.last, "last"),
                next,
            }
        })
        .collect()
}
