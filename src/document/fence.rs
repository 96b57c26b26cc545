//! The fence diagram: which components lie inside the platform's scope, which outside, and what crosses the line.
//!
//! In: the declarations, and the texts of their language. Out: a [`Diagram`] whose scene both HTML and PDF draw. Steps:
//! sort components into bands (`outside above`, `inside`, `outside below`) and number what crosses ([`crossings`]), pack
//! the groups of each band into shelves at the largest text size that still fits a landscape page (`pack`, `layout`),
//! draw boxes, fence, arrows, key and legend (`draw`).
//!
//! Invariants: no two boxes overlap, every text lies inside its box, no name is cut short, and no text is smaller than
//! 6.5 points when the scene is printed at its own size, which is at most the width of an A4 page in landscape.

pub(super) mod advance;
mod draw;
mod layout;
mod pack;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{Diagram, Texts, scene::Scene};
use crate::workspace::{Component, ComponentId, Fence, ReaderRole, Side, TeamId, Workspace};

/// An interface or connection between something inside the fence and something outside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// How drawing and tables call it: `I3` is the third interface declared, `C12` the twelfth connection.
    pub number: String,
    /// Title as declared.
    pub title: String,
    /// Name of the side that starts it.
    pub from: String,
    /// Name of the other side.
    pub to: String,
    /// Protocol and port, where declared.
    pub protocol: String,
    /// True when it points into the fence.
    pub inward: bool,
    inside: End,
    outside: End,
}

/// One end of a crossing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Component(ComponentId),
    Team(TeamId),
}

/// The number that drawing and tables give to an interface, counted from 0 in order of declaration.
pub fn interface_number(index: usize) -> String {
    format!("I{}", index + 1)
}

/// The number that drawing and tables give to a connection, counted from 0 in order of declaration.
pub fn connection_number(index: usize) -> String {
    format!("C{}", index + 1)
}

/// Everything that crosses the fence: interfaces, then connections, in order of declaration.
pub fn crossings(workspace: &Workspace) -> Vec<Crossing> {
    let interfaces = workspace.interfaces.iter().enumerate().map(|(index, interface)| {
        let protocol = [interface.protocol.as_deref(), interface.port.as_deref()];
        let protocol = protocol.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (interface_number(index), &interface.title, end(&interface.from), end(&interface.to), protocol)
    });
    let connections = workspace.connections.iter().enumerate().map(|(index, connection)| {
        let ports = connection.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let protocol = format!("{} {ports}", connection.protocol).trim().to_owned();
        let (from, to) = (End::Component(connection.from.clone()), End::Component(connection.to.clone()));
        (connection_number(index), &connection.title, from, to, protocol)
    });
    interfaces
        .chain(connections)
        .filter_map(|(number, title, from, to, protocol)| {
            let inward = match (side(workspace, &from), side(workspace, &to)) {
                (Fence::Outside, Fence::Inside) => true,
                (Fence::Inside, Fence::Outside) => false,
                _ => return None,
            };
            let names = (name(workspace, &from), name(workspace, &to));
            let (inside, outside) = if inward { (to, from) } else { (from, to) };
            let (from, to) = names;
            Some(Crossing { number, title: title.clone(), from, to, protocol, inward, inside, outside })
        })
        .collect()
}

fn end(side: &Side) -> End {
    match side {
        Side::Component(id) => End::Component(id.clone()),
        Side::Team(id) => End::Team(id.clone()),
    }
}

/// A team lies inside when it answers for something inside and nothing outside, or for more inside than outside.
fn side(workspace: &Workspace, end: &End) -> Fence {
    match end {
        End::Component(id) => workspace.component(id).fence,
        End::Team(id) => {
            let owned = |fence| workspace.components.iter().filter(|c| c.team == *id && c.fence == fence).count();
            if owned(Fence::Inside) > owned(Fence::Outside) { Fence::Inside } else { Fence::Outside }
        }
    }
}

fn name(workspace: &Workspace, end: &End) -> String {
    match end {
        End::Component(id) => workspace.component(id).title.clone(),
        End::Team(id) => workspace.team(id).name.clone(),
    }
}

/// Draws the fence.
pub fn fence(workspace: &Workspace, texts: &Texts) -> Diagram {
    let crossings = crossings(workspace);
    let plan = plan(workspace, &crossings, texts);
    let scene = drawn(plan);
    Diagram {
        id: "fence".to_owned(),
        caption: texts.fill("fence.caption", &[("system", &workspace.system.name)]),
        alt: alternative(workspace, &crossings, texts),
        landscape: scene.width > 480.0,
        scene,
    }
}

/// Lays it out and draws it. Trying text sizes takes longer than anything else in a document, and two documents show the
/// fence, so the last one drawn is kept.
fn drawn(plan: Plan) -> Scene {
    static LAST: Mutex<Option<(Plan, Scene)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((known, scene)) if *known == plan => scene.clone(),
        _ => {
            let scene = draw::draw(&layout::lay_out(&plan));
            *last = Some((plan, scene.clone()));
            scene
        }
    }
}

/// What is to be drawn, free of the workspace: only text, team indexes and which band.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Plan {
    label: String,
    outside_label: String,
    above: Vec<Panel>,
    inside: Vec<Panel>,
    below: Vec<Panel>,
    teams: Vec<LegendTeam>,
    /// One line each: number, and what it says.
    key: Vec<(String, String)>,
    /// Said instead of the key where it would not fit.
    key_elsewhere: String,
}

/// A group of components.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Panel {
    title: String,
    items: Vec<Item>,
    /// What crosses the fence from or to this group: number, and whether it points inward.
    arrows: Vec<(String, bool)>,
}

/// A component, or a team that stands at the far end of an interface without a component of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Item {
    title: String,
    team: u8,
    short: String,
    /// Numbers of what crosses the fence here: `I1, C3`.
    references: String,
    link: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct LegendTeam {
    index: u8,
    short: String,
    name: String,
}

fn plan(workspace: &Workspace, crossings: &[Crossing], texts: &Texts) -> Plan {
    let mut plan = Plan {
        label: texts.fill("fence.label", &[("system", &workspace.system.name)]),
        outside_label: texts.t("fence.outside_label").to_owned(),
        ..Plan::default()
    };
    plan.inside = groups(workspace, crossings, Fence::Inside).into_iter().map(|(panel, _)| panel).collect();
    let mut outside = groups(workspace, crossings, Fence::Outside);
    let strangers = strangers(workspace, crossings, texts);
    if !strangers.items.is_empty() {
        outside.push((strangers, false));
    }
    for (panel, above) in outside {
        if above { plan.above.push(panel) } else { plan.below.push(panel) }
    }
    let drawn = |index: u8| {
        let bands = [&plan.above, &plan.inside, &plan.below];
        bands.into_iter().flatten().flat_map(|panel| &panel.items).any(|item| item.team == index)
    };
    let teams = workspace.teams.iter().enumerate().map(|(index, team)| LegendTeam {
        index: team_index(index),
        short: team.short.clone(),
        name: team.name.clone(),
    });
    plan.teams = teams.filter(|team| drawn(team.index)).collect();
    plan.key = crossings.iter().map(|crossing| (crossing.number.clone(), sentence(crossing))).collect();
    plan.key_elsewhere = texts.t("fence.key").to_owned();
    plan
}

fn sentence(crossing: &Crossing) -> String {
    let protocol = if crossing.protocol.is_empty() { String::new() } else { format!(" ({})", crossing.protocol) };
    format!("{} → {}: {}{protocol}", crossing.from, crossing.to, crossing.title)
}

/// The groups of one side in order of declaration, and whether an outside group belongs above the fence: what
/// applications own is drawn on top, what the platform stands on below.
fn groups(workspace: &Workspace, crossings: &[Crossing], fence: Fence) -> Vec<(Panel, bool)> {
    let mut order: Vec<&str> = Vec::new();
    let mut members: BTreeMap<&str, Vec<&Component>> = BTreeMap::new();
    for component in workspace.components.iter().filter(|component| component.fence == fence) {
        if !members.contains_key(&*component.group) {
            order.push(&component.group);
        }
        members.entry(&component.group).or_default().push(component);
    }
    order
        .into_iter()
        .map(|group| {
            let components = &members[group];
            let items = components.iter().map(|component| item(workspace, crossings, component)).collect();
            let touches = |crossing: &&Crossing| match &crossing.outside {
                End::Component(id) => components.iter().any(|component| component.id == *id),
                End::Team(_) => false,
            };
            let arrows = if fence == Fence::Outside {
                let touching = crossings.iter().filter(touches);
                touching.map(|crossing| (crossing.number.clone(), crossing.inward)).collect()
            } else {
                Vec::new()
            };
            let customers = components.iter().filter(|component| {
                let reader = workspace.team(&component.team).reader;
                matches!(reader, ReaderRole::Application | ReaderRole::Executive)
            });
            let above = customers.count() * 2 >= components.len();
            (Panel { title: group.to_owned(), items, arrows }, above)
        })
        .collect()
}

fn item(workspace: &Workspace, crossings: &[Crossing], component: &Component) -> Item {
    let (team, short) = owner(workspace, &component.team);
    let here = End::Component(component.id.clone());
    let link = Some(format!("component-{}", component.id));
    Item { title: component.title.clone(), team, short, references: references(crossings, &here), link }
}

/// Teams that something crosses to without naming a component of theirs.
fn strangers(workspace: &Workspace, crossings: &[Crossing], texts: &Texts) -> Panel {
    let mut panel = Panel { title: texts.t("fence.teams").to_owned(), ..Panel::default() };
    for team in &workspace.teams {
        let here = End::Team(team.id.clone());
        let arrows = crossings.iter().filter(|crossing| crossing.outside == here);
        let arrows: Vec<_> = arrows.map(|crossing| (crossing.number.clone(), crossing.inward)).collect();
        if arrows.is_empty() {
            continue;
        }
        let (index, short) = owner(workspace, &team.id);
        let references = references(crossings, &here);
        panel.items.push(Item { title: team.name.clone(), team: index, short, references, link: None });
        panel.arrows.extend(arrows);
    }
    panel
}

fn owner(workspace: &Workspace, id: &TeamId) -> (u8, String) {
    let index = workspace.teams.iter().position(|team| team.id == *id).unwrap_or_default();
    (team_index(index), workspace.team(id).short.clone())
}

fn team_index(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

fn references(crossings: &[Crossing], here: &End) -> String {
    let here = crossings.iter().filter(|crossing| crossing.inside == *here || crossing.outside == *here);
    here.map(|crossing| &*crossing.number).collect::<Vec<_>>().join(", ")
}

/// Everything that the drawing says, as sentences.
fn alternative(workspace: &Workspace, crossings: &[Crossing], texts: &Texts) -> String {
    let side = |fence: Fence| {
        let components = workspace.components.iter().filter(|component| component.fence == fence);
        let names = components.map(|component| {
            format!("{} ({}, {})", component.title, component.group, workspace.team(&component.team).name)
        });
        let names = names.collect::<Vec<_>>();
        if names.is_empty() { texts.t("fence.nothing").to_owned() } else { names.join("; ") }
    };
    let crossing = if crossings.is_empty() {
        texts.t("fence.no_crossing").to_owned()
    } else {
        let list = crossings.iter().map(|crossing| format!("{}: {}", crossing.number, sentence(crossing)));
        texts.fill("fence.crossing", &[("list", &list.collect::<Vec<_>>().join("; "))])
    };
    let values = [
        ("system", &*workspace.system.name),
        ("inside", &*side(Fence::Inside)),
        ("outside", &*side(Fence::Outside)),
        ("crossing", &*crossing),
    ];
    texts.fill("fence.in_words", &values)
}
