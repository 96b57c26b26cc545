//! The validated declarations: what every later stage sees of the TOML.
//!
//! Invariant: every reference in here resolves. Only `workspace::load` builds a [`Workspace`], and the look-ups
//! ([`Workspace::team`] and its like) therefore return values, not options.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::fedramp::Fedramp;
use super::grants::GrantList;
use super::id::{
    ActivityId, CheckId, ClusterId, ComponentId, ConnectionId, ControlId, ExceptionId, InterfaceId, OrganizationId,
    PersonId, RoleId, RotaId, TeamId,
};
use super::members::MemberList;
use super::source::Place;
use crate::{frameworks::Frameworks, results::ResultFile};

/// Everything a team declared, resolved. Lists keep the order of declaration (files sorted by path, then by line).
#[derive(Debug, Clone, Serialize)]
pub struct Workspace {
    /// Folder that holds `scopefence.toml`.
    #[serde(skip)]
    pub root: PathBuf,
    /// Workspace language, a BCP 47 tag; `en` unless told.
    pub language: String,
    /// The system that is documented.
    pub system: System,
    /// Who wrote, owns and approved the documents.
    pub control: DocumentControl,
    /// Organisation name, logo, colours, paper.
    pub style: Style,
    /// Approved registries, node images, thresholds.
    pub policy: Policy,
    /// Organizations: our own, suppliers, processors, customers.
    pub organizations: Vec<Organization>,
    /// Authorizations of providers that the system builds on.
    pub authorizations: Vec<Authorization>,
    /// Teams.
    pub teams: Vec<Team>,
    /// People; optional.
    pub people: Vec<Person>,
    /// Who is on call, and when; optional.
    pub rotas: Vec<Rota>,
    /// Members of groups that were imported, by source and date. Not declared: supplied by others.
    #[serde(skip)]
    pub members: Vec<MemberList>,
    /// Rights that other authorizers grant, as imported, by authorizer, cluster, source and date. Not declared either.
    #[serde(skip)]
    pub grants: Vec<GrantList>,
    /// Results of other tools that were imported, by tool, day and file. Not declared either.
    #[serde(skip)]
    pub results: Vec<ResultFile>,
    /// Declared clusters; empty means one cluster that needs no declaration.
    pub clusters: Vec<Cluster>,
    /// Roles of users, with the Kubernetes subjects that carry them.
    pub roles: Vec<Role>,
    /// Components inside and outside the fence.
    pub components: Vec<Component>,
    /// Demarcations between components or teams.
    pub interfaces: Vec<Interface>,
    /// Declared network paths.
    pub connections: Vec<Connection>,
    /// Who reaches which nodes.
    pub node_access: Vec<NodeAccess>,
    /// RACI rows.
    pub activities: Vec<Activity>,
    /// Where and how data is encrypted.
    pub cryptography: Vec<Cryptography>,
    /// Until when versions are supported, where the embedded tables do not say or say otherwise.
    pub lifecycles: Vec<Lifecycle>,
    /// What whoever runs a control plane says of it, because the API does not show it.
    pub provider_settings: Vec<ProviderSetting>,
    /// Recurring assessments: scans, reviews, restore tests, audits.
    pub assessments: Vec<RecurringAssessment>,
    /// Frameworks that controls come from: the built-in ones and the workspace's own.
    #[serde(skip)]
    pub frameworks: Frameworks,
    /// The baseline chosen, if any.
    pub baseline: Option<BaselineChoice>,
    /// How each control is met.
    pub implementations: Vec<Implementation>,
    /// The workspace's own checks (`[[check]]` tables, read with [`crate::checks::parse`]).
    #[serde(skip)]
    pub checks: Vec<std::sync::Arc<crate::checks::Definition>>,
    /// Built-in checks that the workspace switched off or changed, each with its reason.
    pub check_overrides: Vec<CheckOverride>,
    /// Accepted risks.
    pub exceptions: Vec<Exception>,
    /// What was decided of single findings, for the plan of action and milestones.
    pub poam: Vec<PoamEntry>,
    /// What FedRAMP asks for beside the rest; `None`: no package is written.
    #[serde(skip)]
    pub fedramp: Option<Fedramp>,
    /// What rules of other tools are about, where the program does not know it or is wrong about it.
    pub result_mappings: Vec<ResultMapping>,
    /// The workspace's own acronyms, added to the built-in ones.
    pub acronyms: BTreeMap<String, String>,
    /// Old identifier to new one, from `was = [..]`.
    pub renamed: BTreeMap<String, String>,
    /// Set for a workspace whose sample evidence must be labelled (see `[sample]`).
    pub sample: bool,
}

/// What is documented. NIST SP 800-18 Rev. 1, section 3.
#[derive(Debug, Clone, Serialize)]
pub struct System {
    /// Kebab-case identifier; seeds all UUIDs.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Unique identifier in the organization's register, if it has one (800-18, 3.1).
    pub identifier: Option<String>,
    /// One line on what it is.
    pub summary: String,
    /// Function and purpose, Markdown (800-18, 3.9).
    pub purpose: String,
    /// Technical environment, Markdown (800-18, 3.10).
    pub environment: String,
    /// What the boundary includes, Markdown.
    pub boundary: String,
    /// FIPS 199 categorization (800-18, 3.2).
    pub categorization: Categorization,
    /// System owner (800-18, 3.3).
    pub owner: Party,
    /// Authorizing official (800-18, 3.4).
    pub authorizing_official: Party,
    /// Assignment of security responsibility (800-18, 3.6).
    pub security_officer: Party,
    /// Other designated contacts (800-18, 3.5), each with what for.
    pub contacts: Vec<Contact>,
    /// Operational status (800-18, 3.7).
    pub status: OperationalStatus,
    /// Information system type (800-18, 3.8).
    pub kind: SystemKind,
    /// Laws, regulations and policies that apply (800-18, 3.12).
    pub laws: Vec<Law>,
}

/// A designated contact.
#[derive(Debug, Clone, Serialize)]
pub struct Contact {
    /// Who.
    pub party: Party,
    /// What to call them for.
    pub about: String,
}

/// A person or a team, where either may answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// A named person.
    Person(PersonId),
    /// A team.
    Team(TeamId),
}

/// FIPS 199 categorization; the overall impact is the highest of the three.
#[derive(Debug, Clone, Serialize)]
pub struct Categorization {
    /// Potential impact of a loss of confidentiality.
    pub confidentiality: Impact,
    /// Potential impact of a loss of integrity.
    pub integrity: Impact,
    /// Potential impact of a loss of availability.
    pub availability: Impact,
    /// Why, Markdown.
    pub rationale: String,
    /// Information types handled, each with its own impacts.
    pub information_types: Vec<InformationType>,
}

impl Categorization {
    /// The high-water mark (FIPS 200, section 3).
    pub fn overall(&self) -> Impact {
        self.confidentiality.max(self.integrity).max(self.availability)
    }
}

/// One information type, after NIST SP 800-60.
#[derive(Debug, Clone, Serialize)]
pub struct InformationType {
    /// Name in the reader's words.
    pub name: String,
    /// Identifier in a register, for example of SP 800-60.
    pub identifier: Option<String>,
    /// Impact on confidentiality.
    pub confidentiality: Impact,
    /// Impact on integrity.
    pub integrity: Impact,
    /// Impact on availability.
    pub availability: Impact,
}

/// FIPS 199 potential impact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Impact {
    Low,
    Moderate,
    High,
}

/// NIST SP 800-18, section 3.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum OperationalStatus {
    Operational,
    UnderDevelopment,
    UnderMajorModification,
    Disposition,
    Other,
}

/// NIST SP 800-18, section 3.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum SystemKind {
    GeneralSupportSystem,
    MajorApplication,
    MinorApplication,
}

/// A law, regulation or policy.
#[derive(Debug, Clone, Serialize)]
pub struct Law {
    /// Short title.
    pub title: String,
    /// Citation, for example `Regulation (EU) 2016/679`.
    pub citation: Option<String>,
    /// What it asks of this system, in one sentence.
    pub relevance: String,
}

/// Document control: printed on every document. Without `approved` every page says DRAFT.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentControl {
    /// Document identifier prefix, for example `PLAT-SSP`; each document appends its own.
    pub identifier: String,
    /// Version, for example `1.2`.
    pub version: String,
    /// Author.
    pub author: Party,
    /// Document owner.
    pub owner: Party,
    /// Approver.
    pub approver: Party,
    /// Plan completion date (800-18, 3.15).
    pub completed: Option<NaiveDate>,
    /// Plan approval date (800-18, 3.15).
    pub approved: Option<NaiveDate>,
    /// Next review.
    pub next_review: Option<NaiveDate>,
    /// Who may have it.
    pub distribution: String,
    /// How long it is kept.
    pub retention: String,
    /// Marking printed in every footer, for example `Internal`.
    pub classification: String,
    /// Revision table.
    pub revisions: Vec<Revision>,
}

/// One row of the revision table.
#[derive(Debug, Clone, Serialize)]
pub struct Revision {
    /// Version.
    pub version: String,
    /// Date of the change.
    pub date: NaiveDate,
    /// Who changed it.
    pub author: String,
    /// What changed.
    pub change: String,
}

/// How documents look.
#[derive(Debug, Clone, Serialize)]
pub struct Style {
    /// Organisation name for covers and headers.
    pub organisation: String,
    /// Logo file (PNG, JPEG or SVG) relative to the workspace.
    #[serde(skip)]
    pub logo: Option<PathBuf>,
    /// Accent colour for light pages and print.
    pub accent: Color,
    /// Paper for documents that do not say otherwise.
    pub paper: Paper,
}

/// Accent colour of a workspace that declares none.
pub(crate) const ACCENT: Color = Color { r: 0x0b, g: 0x5c, b: 0xad };

/// An sRGB colour, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Color {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

impl Serialize for Color {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Paper size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// ISO 216 A4, 210 × 297 mm.
    A4,
    /// US Letter, 8.5 × 11 in.
    Letter,
}

/// What the checks compare the cluster with.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// Approved image registries or repository prefixes, for example `registry.example.com/`. Empty: none declared,
    /// and the check that needs it is `manual`.
    pub registries: Vec<String>,
    /// Approved node operating systems, as globs over `status.nodeInfo.osImage`.
    pub node_images: Vec<String>,
    /// Approved container runtimes, as globs over `status.nodeInfo.containerRuntimeVersion`.
    pub runtimes: Vec<String>,
    /// Days before expiry at which a certificate counts as near expiry.
    pub certificate_days: u32,
    /// Days after which evidence is stale.
    pub evidence_days: u32,
    /// Namespaces (globs) where Pod Security `privileged` is accepted by design, with no finding.
    pub privileged_namespaces: Vec<String>,
    /// Namespaces (globs) that no default-deny policy is expected in.
    pub open_namespaces: Vec<String>,
    /// Days within which a finding of each severity has to be remediated.
    pub remediation_days: BTreeMap<Severity, u32>,
    /// Days after which a vulnerability report is stale.
    pub report_days: u32,
    /// Days within which a restore of data with an objective has to be tested again; `None`: not declared.
    pub restore_test_days: Option<u32>,
    /// Nodes that are reserved for some teams.
    pub dedicated_nodes: Vec<DedicatedNodes>,
    /// Component that answers for what admission lets in; `None`: the one that owns the policies in the cluster.
    pub admission: Option<ComponentId>,
    /// Days after which somebody has to look again at what no check decides; `None`: not declared.
    pub review_days: Option<u32>,
    /// Clock by which the hours of all rotas are written, in words.
    pub time_zone: Option<String>,
    /// What `check` warns of about people.
    pub staffing: StaffingPolicy,
}

/// Bounds that the workspace sets itself; without one nothing is warned of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StaffingPolicy {
    /// People who can handle a component or an activity, at least.
    pub least_people: Option<u32>,
    /// Components and activities that only one and the same person can handle, at most.
    pub most_alone: Option<u32>,
    /// People on call at two in the morning for a team whose work does not wait, at least.
    pub least_on_call: Option<u32>,
}

/// Nodes that are reserved for some teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DedicatedNodes {
    /// Globs over names of nodes or of their pool.
    pub nodes: Vec<String>,
    /// Teams whose Pods may run there.
    pub teams: Vec<TeamId>,
}

/// An organization.
#[derive(Debug, Clone, Serialize)]
pub struct Organization {
    /// Identifier.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Relation to us.
    pub kind: OrganizationKind,
    /// Country or jurisdiction.
    pub jurisdiction: Option<String>,
    /// Contract or agreement reference.
    pub contract: Option<String>,
    /// Date the contract ends.
    pub contract_expires: Option<NaiveDate>,
    /// How to reach it.
    pub contact: Option<String>,
}

/// An authorization of a provider's system that this one builds on: OSCAL's leveraged authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// Identifier.
    pub id: String,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What was authorized, as the provider calls it.
    pub title: String,
    /// Its number in a register.
    pub identifier: Option<String>,
    /// Day of the decision.
    pub authorized: NaiveDate,
    /// Last day of it.
    pub expires: Option<NaiveDate>,
    /// Impact up to which it was authorized.
    pub impact: Option<Impact>,
    /// Where the provider's security plan can be had: a link or a path.
    pub plan: Option<String>,
    /// Components outside the fence that it covers: as named, else all of the organization's teams.
    pub components: Vec<ComponentId>,
}

/// Relation of an organization to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum OrganizationKind {
    Own,
    Supplier,
    Processor,
    SubProcessor,
    Customer,
}

/// A team.
#[derive(Debug, Clone, Serialize)]
pub struct Team {
    /// Identifier.
    pub id: TeamId,
    /// Name.
    pub name: String,
    /// One or two letters for narrow tables, unique; taken from the name unless told.
    pub short: String,
    /// Organization it belongs to.
    pub organization: OrganizationId,
    /// What it does, one sentence.
    pub description: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone for incidents.
    pub phone: Option<String>,
    /// Chat channel.
    pub chat: Option<String>,
    /// On-call hours, for example `24×7` or `Mon–Fri 08:00–17:00`.
    pub hours: Option<String>,
    /// How fast the team promises to answer, for example `30 min (24×7)`.
    pub response_time: Option<String>,
    /// Reader role in the reading guide.
    pub reader: ReaderRole,
}

/// Whose reading path in the reading guide a team follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ReaderRole {
    Executive,
    Platform,
    Application,
    It,
    Infrastructure,
    Security,
    Auditor,
}

/// A person.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// Identifier.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Job title.
    pub title: Option<String>,
    /// Teams.
    pub teams: Vec<TeamId>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Skills, free words.
    pub skills: Vec<String>,
    /// On the on-call rota.
    pub on_call: bool,
    /// The day from which they are no longer here.
    pub left: Option<NaiveDate>,
    /// Languages they speak.
    pub languages: Vec<String>,
    /// Where they are awake, in words: `Europe/Stockholm`.
    pub time_zone: Option<String>,
}

impl Person {
    /// Whether they are still here on that day; without a day, anybody whose leaving is recorded is gone.
    pub fn is_here(&self, today: Option<NaiveDate>) -> bool {
        self.left.is_none_or(|left| today.is_some_and(|today| today < left))
    }
}

/// Who is on call, and when. Several a team make shifts.
#[derive(Debug, Clone, Serialize)]
pub struct Rota {
    /// Identifier.
    pub id: RotaId,
    /// Title.
    pub title: String,
    /// Team that is called.
    pub team: TeamId,
    /// People who take turns.
    pub people: Vec<PersonId>,
    /// Days on which its hours begin.
    pub days: Vec<Weekday>,
    /// First minute of the day; with `to`, both or neither.
    pub from: u32,
    /// Minute at which it ends, on the next day when it is not after `from`.
    pub to: u32,
    /// Number that is called.
    pub phone: Option<String>,
}

/// A declared cluster.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// Identifier.
    pub id: ClusterId,
    /// Name.
    pub name: String,
    /// UID of the kube-system namespace, once known.
    pub uid: Option<String>,
    /// kubeconfig context.
    pub context: Option<String>,
    /// For example `production`.
    pub environment: Option<String>,
    /// Where it runs.
    pub location: Option<String>,
    /// Who runs the control plane.
    pub control_plane: ControlPlane,
    /// Authorizers of the API server as declared: `Node`, `RBAC`, `Webhook`. Empty when nothing is said.
    pub authorization_modes: Vec<String>,
}

/// Who runs the control plane; decides which facts can be seen at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPlane {
    /// Control-plane Pods and flags are ours to see.
    SelfManaged,
    /// A provider runs it; its flags are not visible.
    Managed,
}

/// A role of users (800-18 practice: "users and roles").
#[derive(Debug, Clone, Serialize)]
pub struct Role {
    /// Identifier.
    pub id: RoleId,
    /// Title.
    pub title: String,
    /// Team whose members hold it.
    pub team: TeamId,
    /// What it is for.
    pub description: String,
    /// Privileged users are reviewed more often.
    pub privileged: bool,
    /// Kubernetes groups that carry the role.
    pub groups: Vec<String>,
    /// Kubernetes users that carry the role.
    pub users: Vec<String>,
    /// Service accounts that carry the role, as `namespace/name`.
    pub service_accounts: Vec<String>,
    /// What it may hold in the cluster; `None` when nothing is said, empty when it may hold nothing.
    pub may: Option<Vec<May>>,
}

/// Rights that a role may hold: those of Kubernetes roles, or verbs on resources.
#[derive(Debug, Clone, Serialize)]
pub struct May {
    /// ClusterRoles by name, Roles as `Role/NAME`.
    pub roles: Vec<String>,
    /// Verbs of RBAC.
    pub verbs: Vec<String>,
    /// Resources: `pods`, `deployments.apps`, `pods/exec`, `*.apps`, `*`, `/metrics`.
    pub resources: Vec<String>,
    /// Globs; empty for the whole cluster.
    pub namespaces: Vec<String>,
}

/// A part of the landscape with one accountable team.
#[derive(Debug, Clone, Serialize)]
pub struct Component {
    /// Identifier.
    pub id: ComponentId,
    /// Title.
    pub title: String,
    /// Heading it is listed under, for example `Observability`.
    pub group: String,
    /// Inside or outside the fence.
    pub fence: Fence,
    /// Accountable team.
    pub team: TeamId,
    /// What it is and does, Markdown.
    pub description: String,
    /// The component this one is part of.
    pub part_of: Option<ComponentId>,
    /// Who answers for each duty; all six are present, the component's team unless split.
    pub duties: BTreeMap<Duty, TeamId>,
    /// How its cluster objects are recognised.
    pub claims: Vec<Claim>,
    /// May be absent from a cluster without that being drift.
    pub optional: bool,
    /// The system does not do its work while it is away: it has to run more than once.
    pub critical: bool,
    /// Product and vendor, as declared.
    pub product: Option<String>,
    /// Declared version.
    pub version: Option<String>,
    /// Recovery point objective in minutes: how old the newest backup of its data may be.
    pub recovery_point: Option<u32>,
    /// Recovery time objective in minutes: how long a restore may take.
    pub recovery_time: Option<u32>,
    /// Day on which a restore of its data was last tested, as declared.
    pub restore_tested: Option<NaiveDate>,
    /// Asset type for the inventory: `software`, `service`, `hardware`, `interconnection`, `process` (OSCAL component types).
    pub kind: String,
    /// Skills it takes to handle it; empty when that is not declared.
    pub skills: Vec<String>,
    /// Its identifier in the provider's own OSCAL plan.
    pub provider_uuid: Option<String>,
    /// Where it was declared, `scope/inside.toml:12`.
    pub declared_at: String,
}

/// Which side of the fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Fence {
    Inside,
    Outside,
}

/// What can be owned about a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Duty {
    Image,
    Configuration,
    Data,
    Availability,
    Access,
    Network,
}

impl Duty {
    /// All duties, in the order in which documents list them.
    pub const ALL: [Duty; 6] =
        [Duty::Image, Duty::Configuration, Duty::Data, Duty::Availability, Duty::Access, Duty::Network];
}

/// How a component recognises its objects. Fields AND; claims of a component OR. An empty field asks nothing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Claim {
    /// Namespace globs. A namespace object itself matches by its own name.
    pub namespaces: Vec<String>,
    /// Labels that the object's namespace must carry (allow-listed owner label): key to value.
    pub namespace_labels: BTreeMap<String, String>,
    /// Labels that the object must carry; `*` means any value.
    pub labels: BTreeMap<String, String>,
    /// API groups, `""` for core; `*.cert-manager.io` style globs allowed.
    pub api_groups: Vec<String>,
    /// Kinds, for example `Deployment`.
    pub kinds: Vec<String>,
    /// Object name globs.
    pub names: Vec<String>,
    /// Helm releases.
    pub helm_releases: Vec<String>,
    /// GitOps applications (Argo CD application, Flux Kustomization or HelmRelease).
    pub applications: Vec<String>,
    /// Where it was declared, `scope/inside.toml:14`.
    pub declared_at: String,
}

/// A demarcation between two components or teams.
#[derive(Debug, Clone, Serialize)]
pub struct Interface {
    /// Identifier.
    pub id: InterfaceId,
    /// Title.
    pub title: String,
    /// One side.
    pub from: Side,
    /// The other side.
    pub to: Side,
    /// What crosses.
    pub crosses: String,
    /// Protocol, for example `HTTPS`.
    pub protocol: Option<String>,
    /// Port or ports, as text.
    pub port: Option<String>,
    /// Who supplies what, Markdown.
    pub supplies: String,
    /// Which side stops its work without the other, if the declaration says so.
    pub relies: Option<Relies>,
    /// Who is called, in order.
    pub escalation: Vec<TeamId>,
    /// Promised time to answer.
    pub response_time: Option<String>,
}

/// Which side of an interface relies on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relies {
    /// `from` relies on `to`.
    From,
    /// `to` relies on `from`.
    To,
    /// Each relies on the other.
    Both,
}

/// One side of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Side {
    Component(ComponentId),
    Team(TeamId),
}

/// A declared network path (800-18, 3.11: system interconnection).
#[derive(Debug, Clone, Serialize)]
pub struct Connection {
    /// Identifier.
    pub id: ConnectionId,
    /// Title.
    pub title: String,
    /// Where it starts.
    pub from: ComponentId,
    /// Where it ends.
    pub to: ComponentId,
    /// Needed, or merely tolerated.
    pub need: ConnectionNeed,
    /// Protocol.
    pub protocol: String,
    /// Ports.
    pub ports: Vec<u16>,
    /// Organization at the far end, if not our own.
    pub organization: Option<OrganizationId>,
    /// Agreement that covers it (ISA, MOU, contract).
    pub agreement: Option<String>,
    /// Data that flows.
    pub data: String,
    /// How it is encrypted in transit; `None` when it is not.
    pub encryption: Option<String>,
}

/// Whether a connection must work or may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ConnectionNeed {
    Required,
    Allowed,
}

/// Who reaches which nodes.
#[derive(Debug, Clone, Serialize)]
pub struct NodeAccess {
    /// Identifier.
    pub id: String,
    /// Nodes, as globs over node names, or words such as `all worker nodes`.
    pub nodes: String,
    /// Teams that may.
    pub teams: Vec<TeamId>,
    /// People that may.
    pub people: Vec<PersonId>,
    /// Groups in the identity provider that may.
    pub groups: Vec<String>,
    /// From where.
    pub from: String,
    /// By what method.
    pub method: String,
    /// When it is allowed.
    pub when: String,
    /// Until when.
    pub until: Option<NaiveDate>,
    /// How it is recorded.
    pub recorded: String,
}

/// Until when versions of a product are supported.
#[derive(Debug, Clone, Serialize)]
pub struct Lifecycle {
    /// What it is a version of.
    pub product: Product,
    /// Release line, for example `Kubernetes 1.36`.
    pub title: String,
    /// Versions as a cluster reports them, as globs: `v1.36.*`, `containerd://2.1.*`, `Ubuntu 24.04*`.
    pub versions: Vec<String>,
    /// First day.
    pub released: Option<NaiveDate>,
    /// Last day of support.
    pub end: NaiveDate,
    /// Who says so: an address or a contract.
    pub source: String,
}

/// What whoever runs a control plane says of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderSetting {
    /// Which cluster; `None` for every cluster whose control plane is managed.
    pub cluster: Option<ClusterId>,
    /// Identifier in `controls/settings/provider.toml`.
    pub setting: String,
    /// The value.
    pub value: String,
    /// What is worth saying besides.
    pub detail: Option<String>,
    /// Who says so: a contract, a page of the provider.
    pub source: String,
    /// A file within the workspace or a link that shows it.
    pub location: Option<String>,
    /// SHA-256 of the file in hex, if it is one.
    pub digest: Option<String>,
    /// When somebody looked.
    pub date: NaiveDate,
    /// Where its value was declared.
    #[serde(skip)]
    pub place: Place,
}

impl ProviderSetting {
    /// Value and detail as one phrase.
    pub fn said(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.value),
            None => self.value.clone(),
        }
    }
}

/// What a lifecycle speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// API server, kubelet and the other parts of Kubernetes, by `v1.36.2`.
    Kubernetes,
    /// Container runtime, by `containerd://2.1.4`.
    Runtime,
    /// Operating system of a node, by its image's name.
    OperatingSystem,
}

/// One RACI row: exactly one A, at least one R.
#[derive(Debug, Clone, Serialize)]
pub struct Activity {
    /// Identifier.
    pub id: ActivityId,
    /// Title.
    pub title: String,
    /// Heading it is listed under.
    pub group: String,
    /// Longer description, Markdown.
    pub description: String,
    /// Component it concerns.
    pub component: Option<ComponentId>,
    /// Duty it concerns.
    pub duty: Option<Duty>,
    /// Responsible.
    pub r: Vec<RaciParty>,
    /// Accountable: exactly one.
    pub a: RaciParty,
    /// Consulted.
    pub c: Vec<RaciParty>,
    /// Informed.
    pub i: Vec<RaciParty>,
    /// How often, for example `quarterly`.
    pub frequency: Option<String>,
    /// Why the accountable team differs from the component's team.
    pub because: Option<String>,
    /// Controls it serves.
    pub controls: Vec<ControlId>,
    /// Skills it takes.
    pub skills: Vec<String>,
    /// Must be done at any hour.
    pub out_of_hours: bool,
}

/// A cell's party in the RACI matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RaciParty {
    /// A team.
    Team(TeamId),
    /// `@owner`: the team that owns the object or component at hand.
    Owner,
}

/// Where and how data is encrypted.
#[derive(Debug, Clone, Serialize)]
pub struct Cryptography {
    /// Identifier.
    pub id: String,
    /// What is protected.
    pub what: String,
    /// In transit or at rest.
    pub state: CryptoState,
    /// Mechanism, for example `TLS 1.3`.
    pub mechanism: String,
    /// Who holds the keys.
    pub keys: TeamId,
    /// Component that does it.
    pub component: Option<ComponentId>,
    /// How keys are rotated.
    pub rotation: Option<String>,
}

/// State of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum CryptoState {
    InTransit,
    AtRest,
}

/// Something that is looked at again and again.
#[derive(Debug, Clone, Serialize)]
pub struct RecurringAssessment {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who does it.
    pub team: TeamId,
    /// How often, for example `weekly`, `yearly`.
    pub frequency: String,
    /// How.
    pub method: String,
    /// When it was last done.
    pub last: Option<NaiveDate>,
    /// When it is next due.
    pub next: Option<NaiveDate>,
}

/// The baseline chosen.
#[derive(Debug, Clone, Serialize)]
pub struct BaselineChoice {
    /// Framework identifier, for example `nist-800-53r5`.
    pub framework: String,
    /// Baseline name, for example `moderate`; empty where only what is added counts.
    pub name: String,
    /// Controls removed from it, each with its reason.
    pub excluded: BTreeMap<ControlId, String>,
    /// Controls added to it.
    pub added: Vec<ControlId>,
    /// Why, where the workspace says so.
    pub added_because: BTreeMap<ControlId, String>,
    /// Why this selection was chosen.
    pub because: Option<String>,
    /// Selections of other frameworks that documents answer for as well.
    pub beside: Vec<Beside>,
}

/// A selection of a further framework.
#[derive(Debug, Clone, Serialize)]
pub struct Beside {
    /// Framework identifier.
    pub framework: String,
    /// Baseline name.
    pub name: String,
    /// Why it was chosen.
    pub because: Option<String>,
}

impl BaselineChoice {
    /// Frameworks chosen, the baseline's first.
    pub fn frameworks(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.framework).chain(self.beside.iter().map(|beside| &*beside.framework))
    }

    /// Name of the baseline chosen of a framework; `None` for one that was not chosen.
    pub fn name_of(&self, framework: &str) -> Option<&str> {
        match self.framework == framework {
            true => Some(&self.name),
            false => self.beside.iter().find(|beside| beside.framework == framework).map(|beside| &*beside.name),
        }
    }

    /// Why a framework was chosen.
    pub fn because_of(&self, framework: &str) -> Option<&str> {
        match self.framework == framework {
            true => self.because.as_deref(),
            false => self.beside.iter().find(|beside| beside.framework == framework)?.because.as_deref(),
        }
    }
}

/// How one control is met.
#[derive(Debug, Clone, Serialize)]
pub struct Implementation {
    /// The control.
    pub control: ControlId,
    /// The first control of the table, where one table states several.
    pub said_with: Option<ControlId>,
    /// Where the control is named.
    #[serde(skip)]
    pub place: super::Place,
    /// Statement, Markdown.
    pub narrative: String,
    /// Declared status.
    pub status: ImplementationStatus,
    /// Whose job the control is: declared, else derived from the fence.
    pub origination: Origination,
    /// True when `origination` was derived.
    pub origination_derived: bool,
    /// Components that meet it.
    pub components: Vec<ComponentId>,
    /// What providers provide for it, and what they leave to us.
    pub inherited: Vec<Inherited>,
    /// Team that answers for it: declared, else the single team of its components, else the system owner's.
    pub team: TeamId,
    /// Checks that question it, beside those mapped by the checks themselves.
    pub checks: Vec<CheckId>,
    /// Organization-defined parameters.
    pub parameters: BTreeMap<String, String>,
    /// Attached evidence.
    pub evidence: Vec<AttachedEvidence>,
    /// When a person must next look, for controls without a check.
    pub review_by: Option<NaiveDate>,
    /// When somebody last looked and found the statement true.
    pub attested: Option<NaiveDate>,
    /// Who did.
    pub attested_by: Option<Party>,
    /// Where it was declared.
    pub declared_at: String,
}

/// What a provider's component provides for a control, and what it leaves to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inherited {
    /// The provider's component, one of the implementation's.
    pub component: ComponentId,
    /// What it provides, in the provider's words.
    pub provided: Option<String>,
    /// Identifier of that in the provider's OSCAL plan.
    pub provided_uuid: Option<String>,
    /// What it leaves to us, in the provider's words.
    pub responsibility: Option<String>,
    /// Identifier of that in the provider's OSCAL plan.
    pub responsibility_uuid: Option<String>,
    /// How we do what is left to us; `None` while nobody said.
    pub satisfied: Option<String>,
}

/// OSCAL implementation-status values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ImplementationStatus {
    Implemented,
    Partial,
    Planned,
    Alternative,
    NotApplicable,
}

/// OSCAL control-origination values, in the order documents list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origination {
    /// The organization as a whole.
    Organization,
    /// This system alone (inside components only).
    SystemSpecific,
    /// The customer configures it.
    CustomerConfigured,
    /// The customer provides it (outside components of application teams or customers only).
    CustomerProvided,
    /// Inherited from a provider (outside components of suppliers only).
    Inherited,
    /// Shared between inside and outside.
    Shared,
}

/// A file or link that proves something.
#[derive(Debug, Clone, Serialize)]
pub struct AttachedEvidence {
    /// Title.
    pub title: String,
    /// Path within the workspace, or a link.
    pub location: String,
    /// SHA-256 of the file in hex, if it is one.
    pub digest: Option<String>,
    /// Date of the evidence.
    pub date: Option<NaiveDate>,
}

/// A change to a built-in check.
#[derive(Debug, Clone, Serialize)]
pub struct CheckOverride {
    /// Which check.
    pub check: CheckId,
    /// Switched off.
    pub disabled: bool,
    /// New severity.
    pub severity: Option<Severity>,
    /// Other values of its parameters.
    pub params: Vec<ParamChange>,
    /// Why.
    pub reason: String,
}

/// Another value of a check's parameter.
#[derive(Debug, Clone, Serialize)]
pub struct ParamChange {
    /// Its name; `expect.SETTING` for what a check of settings expects.
    pub name: String,
    /// The value.
    pub value: toml::Value,
    /// The value as documents say it.
    pub now: String,
    /// The same of what the check says.
    pub instead_of: String,
}

/// What a rule of another tool is about.
#[derive(Debug, Clone, Serialize)]
pub struct ResultMapping {
    /// Tool, as results of it are kept: `kubescape`.
    pub tool: String,
    /// Rule as the tool names it; may be a glob.
    pub rule: String,
    /// Controls that it is about.
    pub controls: Vec<ControlId>,
    /// Checks of ours that ask the same.
    pub checks: Vec<CheckId>,
    /// Why.
    pub because: Option<String>,
}

/// Severity of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];
}

/// An accepted risk. It matches findings of `check` and, where set, only on `component`, in `namespaces`, on `objects`.
#[derive(Debug, Clone, Serialize)]
pub struct Exception {
    /// Identifier.
    pub id: ExceptionId,
    /// Check it excuses.
    pub check: CheckId,
    /// Component it is limited to.
    pub component: Option<ComponentId>,
    /// Namespace globs it is limited to.
    pub namespaces: Vec<String>,
    /// Objects it is limited to, as globs over `Kind/name`.
    pub objects: Vec<String>,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who owns the risk.
    pub owner: Party,
    /// Who approved it.
    pub approver: Party,
    /// When it was approved.
    pub approved: Option<NaiveDate>,
    /// When it ends.
    pub expires: NaiveDate,
    /// What is done instead.
    pub compensating: Option<String>,
}

/// What people decided of one finding: an entry of the plan of action and milestones.
#[derive(Debug, Clone, Serialize)]
pub struct PoamEntry {
    /// Identifier of the finding, as `assess` prints it.
    pub finding: String,
    /// Where the work stands.
    pub status: PoamStatus,
    /// Date by which it is to be done, instead of the one that severity or the object sets.
    pub scheduled: Option<NaiveDate>,
    /// Who does it; `None`: the accountable team.
    pub owner: Option<Party>,
    /// Steps.
    pub milestones: Vec<Milestone>,
    /// Whom or what it waits for.
    pub vendor: Option<String>,
    /// When the vendor was last asked.
    pub vendor_checked: Option<NaiveDate>,
    /// How it departs from the rule.
    pub deviation: Option<Deviation>,
    /// Severity as adjusted.
    pub severity: Option<Severity>,
    /// Why it departs.
    pub reason: Option<String>,
    /// Anything else.
    pub comment: Option<String>,
}

/// A step of the plan.
#[derive(Debug, Clone, Serialize)]
pub struct Milestone {
    /// By when.
    pub date: NaiveDate,
    /// What.
    pub what: String,
    /// When it was done.
    pub done: Option<NaiveDate>,
}

/// Where the work on a finding stands, as somebody said. Nobody's word closes it: the evidence does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum PoamStatus {
    #[default]
    Open,
    InProgress,
    Delayed,
    /// Done; the next snapshot has to show it.
    Remediated,
}

/// How an entry of the plan departs from the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deviation {
    /// The check is mistaken here.
    FalsePositive,
    /// It cannot be otherwise for the system to work.
    OperationalRequirement,
    /// It weighs less, or more, here.
    RiskAdjustment,
}

macro_rules! look_up {
    ($($(#[$doc:meta])* $method:ident($id:ty) -> $list:ident: $item:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $method(&self, id: &$id) -> &$item {
            self.$list
                .iter()
                .find(|item| item.id == *id)
                .expect("validation resolved every identifier")
        }
    )*};
}

impl Workspace {
    /// The declared cluster with this identifier or UID.
    pub fn cluster_of(&self, id: &str, uid: Option<&str>) -> Option<&Cluster> {
        let same = |cluster: &&Cluster| cluster.id.as_str() == id || (uid.is_some() && cluster.uid.as_deref() == uid);
        self.clusters.iter().find(same)
    }

    /// What is declared of a setting of a cluster's control plane: for this cluster, else for all managed ones.
    pub fn provider_setting(&self, cluster: &Cluster, setting: &str) -> Option<&ProviderSetting> {
        let of = |wanted: Option<&ClusterId>| {
            self.provider_settings.iter().find(|it| it.setting == setting && it.cluster.as_ref() == wanted)
        };
        of(Some(&cluster.id)).or_else(|| of(None).filter(|_| cluster.control_plane == ControlPlane::Managed))
    }

    look_up! {
        /// The team with this identifier.
        team(TeamId) -> teams: Team,
        /// The person with this identifier.
        person(PersonId) -> people: Person,
        /// The organization with this identifier.
        organization(OrganizationId) -> organizations: Organization,
        /// The component with this identifier.
        component(ComponentId) -> components: Component,
    }

    /// The authorization that covers a component.
    pub fn authorization(&self, component: &ComponentId) -> Option<&Authorization> {
        self.authorizations.iter().find(|authorization| authorization.components.contains(component))
    }

    /// Name of a person or team.
    pub fn party_name(&self, party: &Party) -> &str {
        match party {
            Party::Person(id) => &self.person(id).name,
            Party::Team(id) => &self.team(id).name,
        }
    }
}
