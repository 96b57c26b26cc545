//! Certification Package Overview: what is offered, by whom, whom to ask, where documents lie.

use serde_json::Value;

use super::build::{Build, line, list, object, prose, some};
use crate::workspace::fedramp::{CertifiedService, PackageContact, Repository, ThirdParty};

/// The whole file.
pub(super) fn of(build: &Build<'_>) -> Value {
    let fedramp = build.fedramp;
    let official = [("responsibleOfficial", object(build.contact(&fedramp.official)))];
    object([
        ("$schema", format!("{}{}", super::SCHEMAS, super::OVERVIEW).into()),
        ("metadata", object(build.metadata().into_iter().chain(official))),
        ("serviceIdentification", identification(build)),
        ("serviceProperties", properties(build)),
        ("contactInformation", list(fedramp.contacts.iter().map(|it| contact(build, it)))),
        (
            "assessor",
            fedramp.assessor.as_ref().map_or(Value::Null, |assessor| {
                object([("name", line(&assessor.name)), ("assessorID", assessor.id.as_str().into())])
            }),
        ),
        ("certifiedServices", some(fedramp.services.iter().map(|it| service(build, it)))),
        ("thirdPartyInformationResources", third_parties(build)),
    ])
}

fn identification(build: &Build<'_>) -> Value {
    let (fedramp, system) = (build.fedramp, &build.workspace.system);
    object([
        ("fedRampPackageId", line(build.package_id())),
        ("ueiNumber", fedramp.uei.as_deref().map_or(Value::Null, line)),
        ("providerName", line(build.provider())),
        ("serviceName", line(&system.name)),
        ("serviceAcronym", line(&fedramp.acronym)),
        ("serviceDescription", prose(&format!("{}\n\n{}", system.summary.trim(), system.purpose.trim()))),
        ("certificationType", fedramp.certification.as_str().into()),
        ("website", fedramp.website.as_str().into()),
        ("logo", fedramp.logo.as_str().into()),
    ])
}

fn properties(build: &Build<'_>) -> Value {
    let fedramp = build.fedramp;
    let place = |it: &Option<Repository>| it.as_ref().map_or(Value::Null, repository);
    let date = fedramp.next_report.map(|day| day.to_string());
    object([
        ("serviceType", list(fedramp.service_models.iter().map(|it| (*it).into()))),
        ("deploymentModel", fedramp.deployment_model.into()),
        ("businessCategory", some(fedramp.business_categories.iter().map(|it| (*it).into()))),
        ("trustCenter", place(&fedramp.trust_center)),
        ("secureConfigurationGuidance", place(&fedramp.secure_configuration)),
        ("additionalRepositories", some(fedramp.repositories.iter().map(repository))),
        ("nextOngoingCertificationReportDate", date.into()),
    ])
}

fn repository(place: &Repository) -> Value {
    object([
        ("repositoryType", list(place.types.iter().map(line))),
        ("url", place.url.as_str().into()),
        ("repositoryDescription", line(&place.description)),
        ("authenticationRequired", place.authentication.into()),
        ("accessRequestInstructions", place.access.as_deref().map_or(Value::Null, prose)),
    ])
}

fn contact(build: &Build<'_>, contact: &PackageContact) -> Value {
    object(std::iter::once(("contactType", line(&contact.kind))).chain(build.contact(&contact.party)))
}

fn service(build: &Build<'_>, service: &CertifiedService) -> Value {
    let component = build.workspace.component(&service.component);
    object([
        ("serviceName", line(service.name.as_ref().unwrap_or(&component.title))),
        ("serviceDescription", prose(service.description.as_ref().unwrap_or(&component.description))),
        ("dateAvailable", service.available.to_string().into()),
    ])
}

/// Declared ones alone: whether something of others is certified, nothing in the workspace shows.
fn third_parties(build: &Build<'_>) -> Value {
    let all = &build.fedramp.third_parties;
    let of = |it: &ThirdParty| {
        let component = build.workspace.component(&it.component);
        let provider = build.workspace.organization(&it.organization).name.as_str();
        (component, provider, line(it.use_case.as_ref().unwrap_or(&component.description)))
    };
    let certified = all.iter().filter_map(|it| {
        let id = it.package_id.as_ref()?;
        Some(object([("fedRampCertifiedThirdPartyInformationResource", line(id)), ("useCase", of(it).2)]))
    });
    let others = all.iter().filter(|it| it.package_id.is_none()).map(|it| {
        let (component, provider, use_case) = of(it);
        object([
            ("name", line(&component.title)),
            ("provider", line(provider)),
            ("website", it.website.as_deref().into()),
            ("useCase", use_case),
        ])
    });
    if all.is_empty() { Value::Null } else { object([("certified", some(certified)), ("nonCertified", some(others))]) }
}
