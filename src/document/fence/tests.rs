//! Geometry of the fence diagram at the sizes it is designed for.

use super::{advance, layout::Place, *};
use crate::{
    document::{
        scene::{Shape, TextAnchor},
        testing,
    },
    workspace::{Component, ComponentId, Connection, ConnectionId, ConnectionNeed, Duty, ReaderRole},
};

const NAMES: [&str; 12] = [
    "Ingress controller",
    "Certificate management",
    "Network policy",
    "Monitoring and alerting",
    "Log collection",
    "Kubernetes control plane",
    "Backup",
    "Policy engine",
    "Vulnerability scanner",
    "Intrusion detection",
    "Message queue",
    "In-memory cache",
];
const GROUPS: [&str; 9] = [
    "Cluster",
    "Networking",
    "Observability",
    "Security",
    "Delivery",
    "Additional services",
    "Storage and backup",
    "Identity",
    "Operations",
];
const LONG: &str = "Extraordinarily long component name of the cross-regional disaster recovery orchestration \
                    (Wiederherstellungskoordinationsdienst) for payments";

/// A workspace with `count` components, a third of them outside, and connections between every third and the outside.
fn workspace(count: usize, long: bool) -> Workspace {
    let mut workspace = testing::workspace();
    let mut third = workspace.teams[0].clone();
    third.id = TeamId::new("infrastructure");
    third.name = "Infrastructure".to_owned();
    third.short = "IN".to_owned();
    third.reader = ReaderRole::Infrastructure;
    workspace.teams.push(third);
    let owners: Vec<TeamId> = workspace.teams.iter().map(|team| team.id.clone()).collect();
    workspace.components = (0..count)
        .map(|index| {
            let outside = index % 3 == 2;
            let team = if outside { owners[1 + index / 3 % 2].clone() } else { owners[0].clone() };
            let title = match index % 7 {
                3 if long => format!("{LONG} {index}"),
                _ => format!("{} {index}", NAMES[index % NAMES.len()]),
            };
            let group = GROUPS[(index / 3) % (count / 6 + 1).min(GROUPS.len())];
            Component {
                id: ComponentId::new(format!("component-{index}")),
                title,
                group: if outside { format!("{group} outside") } else { group.to_owned() },
                fence: if outside { Fence::Outside } else { Fence::Inside },
                duties: Duty::ALL.into_iter().map(|duty| (duty, team.clone())).collect(),
                team,
                ..workspace.components[0].clone()
            }
        })
        .collect();
    workspace.connections = (2..count)
        .step_by(3)
        .map(|index| {
            let ends = [index, index / 2 - usize::from(index / 2 % 3 == 2)];
            let ends = if index % 2 == 0 { ends } else { [ends[1], ends[0]] };
            let [from, to] = ends.map(|index| ComponentId::new(format!("component-{index}")));
            Connection {
                id: ConnectionId::new(format!("connection-{index}")),
                title: "Calls it".to_owned(),
                from,
                to,
                need: ConnectionNeed::Required,
                protocol: "HTTPS".to_owned(),
                ports: vec![443],
                organization: None,
                agreement: None,
                data: String::new(),
                encryption: None,
            }
        })
        .collect();
    workspace
}

fn overlap(a: Place, b: Place) -> bool {
    let apart = 0.01;
    a.x + a.width > b.x + apart
        && b.x + b.width > a.x + apart
        && a.y + a.height > b.y + apart
        && b.y + b.height > a.y + apart
}

fn within(inner: Place, outer: Place) -> bool {
    let slack = 0.05;
    inner.x >= outer.x - slack
        && inner.y >= outer.y - slack
        && inner.x + inner.width <= outer.x + outer.width + slack
        && inner.y + inner.height <= outer.y + outer.height + slack
}

fn texts(scene: &crate::document::scene::Scene) -> Vec<(Place, &str)> {
    let texts = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { x, y, size, bold, anchor, text, .. } => {
            let width = advance::width(text, *size, *bold);
            let left = match anchor {
                TextAnchor::Start => *x,
                TextAnchor::Middle => x - width / 2.0,
                TextAnchor::End => x - width,
            };
            Some((Place { x: left, y: y - size * 0.72, width, height: size * 0.92 }, &**text))
        }
        _ => None,
    });
    texts.collect()
}

#[test]
fn nothing_overlaps_and_everything_is_legible() {
    for (count, long) in
        [(1, false), (2, true), (5, false), (5, true), (40, false), (40, true), (120, false), (120, true)]
    {
        let workspace = workspace(count, long);
        let plan = plan(&workspace, &crossings(&workspace), &Texts::built_in("en"));
        let layout = layout::lay_out(&plan);
        let boxes: Vec<_> = layout.panels.iter().flat_map(|panel| &panel.boxes).collect();
        assert_eq!(boxes.len(), count, "every component is drawn once");
        for (index, one) in boxes.iter().enumerate() {
            for other in &boxes[..index] {
                assert!(!overlap(one.place, other.place), "{} and {}", one.item.title, other.item.title);
            }
            let inside = workspace.components.iter().any(|c| c.title == one.item.title && c.fence == Fence::Inside);
            assert_eq!(within(one.place, layout.fence), inside, "{} is on its side of the fence", one.item.title);
            let squeeze = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeeze(&one.lines.concat()), squeeze(&one.item.title), "no name is cut");
        }
        for (index, panel) in layout.panels.iter().enumerate() {
            for other in &layout.panels[..index] {
                assert!(!overlap(panel.place, other.place), "{:?} and {:?}", panel.title, other.title);
            }
            for boxed in &panel.boxes {
                assert!(within(boxed.place, panel.place), "{} leaves its group", boxed.item.title);
            }
        }
        let scene = draw::draw(&layout);
        assert!(scene.width <= 740.01, "{count}: {} is wider than a page", scene.width);
        if !long {
            // The text area of an A4 page in landscape is 510 points high; the largest may shrink a little.
            let page = if count > 100 { 535.0 } else { 480.0 };
            assert!(scene.height <= page, "{count}: {} is higher than a page", scene.height);
            let lines = if count > 100 { 3 } else { 2 };
            assert!(layout.panels.iter().flat_map(|panel| &panel.boxes).all(|boxed| boxed.lines.len() <= lines));
        }
        let page = Place { x: 0.0, y: 0.0, width: scene.width, height: scene.height };
        let texts = texts(&scene);
        for (index, (place, text)) in texts.iter().enumerate() {
            assert!(within(*place, page), "{count}: {text} leaves the drawing: {place:?}");
            for (other, words) in &texts[..index] {
                assert!(!overlap(*place, *other), "{count}: {text} is written over {words}");
            }
        }
        for boxed in boxes {
            let inside = texts.iter().filter(|(place, _)| overlap(*place, boxed.place));
            for (place, text) in inside {
                assert!(within(*place, boxed.place), "{text} leaves the box of {}", boxed.item.title);
            }
        }
        for shape in &scene.shapes {
            if let Shape::Text { size, text, .. } = shape {
                assert!(*size >= 6.5, "{text} is too small");
            }
        }
    }
}

#[test]
fn an_empty_scope_is_still_a_drawing() {
    let mut workspace = testing::workspace();
    workspace.components.clear();
    let diagram = fence(&workspace, &Texts::built_in("en"));
    assert!(diagram.scene.width > 0.0 && diagram.scene.height > 0.0);
    assert!(diagram.alt.contains("nothing"));
}

#[test]
fn what_crosses_is_numbered_by_declaration_and_named_in_the_alternative() {
    let workspace = workspace(9, false);
    let crossings = crossings(&workspace);
    let numbers: Vec<_> = crossings.iter().map(|crossing| &*crossing.number).collect();
    assert_eq!(numbers, ["C1", "C2", "C3"]);
    assert!(crossings[0].inward && !crossings[1].inward, "direction follows the declaration");
    let diagram = fence(&workspace, &Texts::built_in("en"));
    for component in &workspace.components {
        assert!(diagram.alt.contains(&component.title), "{} is in the text alternative", component.title);
    }
    assert!(diagram.alt.contains("C3"));
    let arrows = diagram.scene.shapes.iter().filter(|shape| matches!(shape, Shape::Line { arrow: true, .. })).count();
    assert_eq!(arrows, 3);
}
