//! A question set as a form to be filled in on paper or as a PDF.

use super::{Ctx, Place};
use crate::{
    checklist,
    document::tree::{Answer, Block, Form, Inline, Question},
    workspace::ControlId,
};

/// `node(name="checklist", id="provider")`: the checklist's sections with their questions.
pub(super) fn checklist(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let id = place.argument("id")?;
    let Some(list) = ctx.checklists.iter().find(|list| list.id == id) else {
        let known: Vec<&str> = ctx.checklists.iter().map(|list| list.id.as_str()).collect();
        if known.is_empty() {
            return Ok(vec![ctx.paragraph("checklist.none")]);
        }
        return Err(format!("there is no checklist `{id}`; known are {}", known.join(", ")));
    };
    let mut blocks = vec![
        Block::Paragraph { text: vec![Inline::text(&*list.summary)] },
        Block::Paragraph { text: ctx.t.inlines("checklist.audience", &[("audience", Inline::text(&*list.audience))]) },
    ];
    for section in &list.sections {
        blocks.push(Block::Heading {
            level: 1,
            id: place.anchors.claim(&format!("{id}-{}", section.id)),
            text: vec![Inline::text(&*section.title)],
        });
        blocks.push(Block::Paragraph { text: vec![Inline::text(&*section.intro)] });
        blocks.push(Block::Form(Form {
            id: place.anchors.claim(&format!("form-{id}-{}", section.id)),
            name: id.to_owned(),
            questions: section.questions.iter().map(|question| self::question(ctx, question)).collect(),
        }));
    }
    Ok(blocks)
}

fn question(ctx: &Ctx<'_>, question: &checklist::Question) -> Question {
    let controls = labels(ctx, &question.controls);
    Question {
        id: question.id.clone(),
        text: vec![Inline::text(&*question.text)],
        hint: vec![Inline::text(&*question.hint)],
        controls: if controls.is_empty() { Vec::new() } else { vec![Inline::text(controls)] },
        answer: match &question.answer {
            checklist::Answer::YesNo => Answer::YesNo,
            checklist::Answer::Text(lines) => Answer::Text(*lines),
            checklist::Answer::Date => Answer::Date,
            checklist::Answer::Choice(choices) => Answer::Choice(choices.clone()),
        },
        given: None,
    }
}

/// Controls by framework, since a checklist mixes them: `NIST SP 800-53 Rev. 5: PE-3, PE-6; ISO/IEC 27001:2022: A.7.2`.
fn labels(ctx: &Ctx<'_>, controls: &[ControlId]) -> String {
    let mut frameworks: Vec<(&str, Vec<&str>)> = Vec::new();
    for control in controls {
        let label = ctx.frameworks.label(control);
        match frameworks.iter_mut().find(|(known, _)| *known == control.framework()) {
            Some((_, labels)) => labels.push(label),
            None => frameworks.push((control.framework(), vec![label])),
        }
    }
    let parts = frameworks.iter().map(|(framework, labels)| {
        let title = ctx.frameworks.framework(framework).map_or(*framework, |known| &known.title);
        format!("{title}: {}", labels.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}
