//! Whose job a control is, as the fence says: which components meet it, and on which side they stand.

use toml::Spanned;

use super::{
    super::{Origination, code::Code, diagnostic::Diagnostic, raw::Texts},
    context::{Context, Table, Words, each},
};

pub(super) const WORDS: Words<Origination> = &[
    ("organization", Origination::Organization),
    ("system-specific", Origination::SystemSpecific),
    ("customer-configured", Origination::CustomerConfigured),
    ("customer-provided", Origination::CustomerProvided),
    ("inherited", Origination::Inherited),
    ("shared", Origination::Shared),
];

/// Origination as it follows from the components; `None` while any of them is unknown.
///
/// Inside only: system-specific. Outside only: customer-provided where the component's team is an application team or
/// a customer's, else inherited. Both, or both sorts of outside: shared. No component: the organization as a whole.
pub(super) fn derive(context: &Context<'_>, components: &Texts) -> Option<Origination> {
    let index = context.index;
    let mut derived: Option<Origination> = None;
    for component in each(components) {
        let one = match index.component_fence.get(component.get_ref())?.as_str() {
            "inside" => Origination::SystemSpecific,
            "outside" => {
                let team = index.component_team.get(component.get_ref())?;
                let organization = index.team_organization.get(team)?;
                let customer = index.organization_kind.get(organization)? == "customer";
                if customer || *index.team_is_application.get(team)? {
                    Origination::CustomerProvided
                } else {
                    Origination::Inherited
                }
            }
            _ => return None,
        };
        derived = match derived {
            Some(before) if before != one => Some(Origination::Shared),
            _ => Some(one),
        };
    }
    Some(derived.unwrap_or(Origination::Organization))
}

/// Reports a declared origination that the fence contradicts.
pub(super) fn contradiction(table: &Table<'_>, value: &Spanned<String>, declared: Origination, derived: Origination) {
    use Origination::{CustomerConfigured, CustomerProvided, Inherited, Organization, Shared, SystemSpecific};
    let fits = match (declared, derived) {
        // Without components nothing contradicts; the organization as a whole contains every component.
        (_, Organization) | (Organization, _) => true,
        // The customer may configure what stands inside, and does where work is shared or the customer's.
        (CustomerConfigured, SystemSpecific | Shared | CustomerProvided) => true,
        _ => declared == derived,
    };
    if fits {
        return;
    }
    let why = match derived {
        SystemSpecific => "all of its components stand inside the fence",
        Inherited => "all of its components stand outside, with a provider",
        CustomerProvided => "all of its components stand outside, with application teams or customers",
        Shared | Organization | CustomerConfigured => "its components stand on both sides of the fence",
    };
    let word = |wanted: Origination| WORDS.iter().find(|(_, value)| *value == wanted).map_or("", |(word, _)| *word);
    let message = format!("{} is declared `{}`, but {why}", table.what(), word(declared));
    table.report(
        Diagnostic::new(Code::OriginationContradiction, table.at(value), message, "contradicts the fence").help(
            format!(
                "leave `origination` out (the fence makes it `{}`), or name the components that are missing",
                word(derived)
            ),
        ),
    );
}
