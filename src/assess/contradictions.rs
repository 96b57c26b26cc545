//! Declarations that evidence contradicts, as diagnostics at the place of the declaration.
//!
//! In: the workspace and its assessment. Out: one diagnostic a statement and contradiction.

use super::outcome::{Assessment, Finding};
use crate::workspace::{Code, Diagnostic, Fence, Implementation, Origination, Workspace};

/// Statuses and originations that checks and findings contradict.
pub fn contradictions(workspace: &Workspace, assessment: &Assessment) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for posture in &assessment.controls {
        let stated = workspace.implementations.iter().find(|item| item.control == posture.control);
        let Some(item) = stated else { continue };
        let name = item.control.control().to_uppercase();
        if let Some(why) = &posture.contradiction {
            found.push(
                diagnostic(item, format!("{name} is {why}"), "not what the evidence shows")
                    .help("fix what fails, accept it with an `[[exception]]`, or declare the control `partial`"),
            );
        }
        let elsewhere = matches!(item.origination, Origination::Inherited | Origination::CustomerProvided);
        let ours: Vec<&str> = assessment
            .findings
            .iter()
            .filter(|finding| elsewhere && finding.is_open() && posture.findings.contains(&finding.id))
            .filter_map(|finding| inside(workspace, finding))
            .collect();
        if let Some(first) = ours.first() {
            let message =
                format!("{name} is declared a job of others, but `{first}` inside the fence has findings on it");
            found.push(
                diagnostic(item, message, "not theirs alone")
                    .help("name the component in `components`: then the control is shared"),
            );
        }
    }
    found
}

fn diagnostic(item: &Implementation, message: String, label: &str) -> Diagnostic {
    Diagnostic::new(Code::StatusContradiction, item.place.clone(), message, label)
}

/// The component of a finding, if it stands inside the fence.
fn inside<'a>(workspace: &'a Workspace, finding: &Finding) -> Option<&'a str> {
    let id = finding.component.as_ref()?;
    let component = workspace.components.iter().find(|component| component.id == *id)?;
    (component.fence == Fence::Inside).then(|| component.id.as_str())
}
