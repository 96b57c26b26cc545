//! The controls, one row each, by the minor version of the policy that brought or changed them.

use super::{
    Level, PolicyVersion, Subject, Violation,
    judges::{self, Found, host_users},
};
use crate::facts::pod::Container;

/// Looks at the fields of one control.
pub(super) type Judge = fn(&Subject<'_>, &mut Found<'_>);

/// One control of the standards.
pub(super) struct Rule {
    /// Its name in Pod Security admission.
    pub(super) check: &'static str,
    /// What admission answers when it is broken.
    pub(super) reason: &'static str,
    level: Level,
    /// The baseline control that is not judged at this level where this one is in force.
    replaces: Option<&'static str>,
    /// Since which minor version it is judged how, oldest first.
    versions: &'static [(u32, Judge)],
}

/// The controls that a level judges at a version, in admission's order.
pub(super) fn in_force(level: Level, version: PolicyVersion) -> impl Iterator<Item = (&'static Rule, Judge)> {
    let asked: Vec<(&Rule, Judge)> = RULES
        .iter()
        .filter(|rule| rule.level <= level)
        .filter_map(|rule| {
            let since = |(since, _): &&(u32, Judge)| PolicyVersion(*since) <= version;
            rule.versions.iter().rev().find(since).map(|(_, judge)| (rule, *judge))
        })
        .collect();
    let replaced: Vec<&str> = asked.iter().filter_map(|(rule, _)| rule.replaces).collect();
    asked.into_iter().filter(move |(rule, _)| !replaced.contains(&rule.check))
}

const fn baseline(check: &'static str, reason: &'static str, versions: &'static [(u32, Judge)]) -> Rule {
    Rule { check, reason, level: Level::Baseline, replaces: None, versions }
}

const fn restricted(check: &'static str, reason: &'static str, versions: &'static [(u32, Judge)]) -> Rule {
    Rule { check, reason, level: Level::Restricted, replaces: None, versions }
}

const fn instead_of(check: &'static str, rule: Rule) -> Rule {
    Rule { replaces: Some(check), ..rule }
}

/// All of them: baseline, then restricted, each by name.
pub(super) const RULES: &[Rule] = &[
    baseline("appArmorProfile", "forbidden AppArmor profile", &[(0, judges::app_armor)]),
    baseline("capabilities_baseline", "non-default capabilities", &[(0, judges::capabilities_baseline)]),
    baseline("hostNamespaces", "host namespaces", &[(0, judges::host_namespaces)]),
    baseline("hostPathVolumes", "hostPath volumes", &[(0, judges::host_paths)]),
    baseline("hostPorts", "hostPort", &[(0, judges::host_ports)]),
    baseline("hostProbesAndHostLifecycle", "probe or lifecycle host", &[(34, judges::probe_hosts)]),
    baseline("privileged", "privileged", &[(0, judges::privileged)]),
    baseline(
        "procMount",
        "procMount",
        &[(0, judges::proc_mount), (35, |subject, found| host_users(subject, found, judges::proc_mount))],
    ),
    baseline(
        "seLinuxOptions",
        "seLinuxOptions",
        &[
            (0, |subject, found| judges::se_linux(subject, &SE_LINUX[..4], found)),
            (31, |subject, found| judges::se_linux(subject, SE_LINUX, found)),
        ],
    ),
    baseline(
        "seccompProfile_baseline",
        "seccompProfile",
        &[(0, judges::seccomp_annotations), (19, judges::seccomp_baseline)],
    ),
    baseline(
        "sysctls",
        "forbidden sysctls",
        &[
            (0, |subject, found| judges::sysctls(subject, &SYSCTLS[..5], found)),
            (27, |subject, found| judges::sysctls(subject, &SYSCTLS[..6], found)),
            (29, |subject, found| judges::sysctls(subject, &SYSCTLS[..10], found)),
            (32, |subject, found| judges::sysctls(subject, &SYSCTLS[..12], found)),
            (37, |subject, found| judges::sysctls(subject, SYSCTLS, found)),
        ],
    ),
    baseline("windowsHostProcess", "hostProcess", &[(0, judges::host_process)]),
    restricted(
        "allowPrivilegeEscalation",
        "allowPrivilegeEscalation != false",
        &[(8, judges::escalation), (25, |subject, found| not_windows(subject, found, judges::escalation))],
    ),
    instead_of(
        "capabilities_baseline",
        restricted(
            "capabilities_restricted",
            "unrestricted capabilities",
            &[
                (22, judges::capabilities_restricted),
                (25, |subject, found| not_windows(subject, found, judges::capabilities_restricted)),
            ],
        ),
    ),
    instead_of("procMount", restricted("procMount_restricted", "procMount", &[(35, judges::proc_mount)])),
    instead_of("hostPathVolumes", restricted("restrictedVolumes", "restricted volume types", &[(0, judges::volumes)])),
    restricted(
        "runAsNonRoot",
        "runAsNonRoot != true",
        &[(0, judges::non_root), (35, |subject, found| host_users(subject, found, judges::non_root))],
    ),
    restricted(
        "runAsUser",
        "runAsUser=0",
        &[(23, judges::root_user), (35, |subject, found| host_users(subject, found, judges::root_user))],
    ),
    instead_of(
        "seccompProfile_baseline",
        restricted(
            "seccompProfile_restricted",
            "seccompProfile",
            &[
                (19, judges::seccomp_restricted),
                (25, |subject, found| not_windows(subject, found, judges::seccomp_restricted)),
            ],
        ),
    ),
];

/// Safe sysctls in the order in which versions added them: 1.0, 1.27, 1.29, 1.32, 1.37.
const SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_slow_start_after_idle",
];

/// SELinux types: those of 1.0, then that of 1.31.
const SE_LINUX: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// A Pod that says that it is for Windows cannot set these fields at all: the API refuses them. So admission skips the
/// control, and with it the baseline control that this one replaces.
fn not_windows(subject: &Subject<'_>, found: &mut Found<'_>, judge: Judge) {
    if !subject.spec.is_windows() {
        judge(subject, found);
    }
}

/// `container api`, `init container migrate`.
pub(crate) fn place(field: &str, container: &Container) -> String {
    judges::label(field, &container.name)
}

/// One control alone, for checks that ask for nothing else.
fn alone(check: &'static str, judge: Judge, subject: &Subject<'_>, out: &mut Vec<String>) {
    let mut found: Vec<Violation> = Vec::new();
    if let Some(rule) = RULES.iter().find(|rule| rule.check == check) {
        judge(subject, &mut Found::new(rule, &mut found));
    }
    out.extend(found.into_iter().map(|violation| violation.text));
}

pub(crate) fn host_namespaces(subject: &Subject<'_>, out: &mut Vec<String>) {
    alone("hostNamespaces", judges::host_namespaces, subject, out);
}

pub(crate) fn privileged(subject: &Subject<'_>, out: &mut Vec<String>) {
    alone("privileged", judges::privileged, subject, out);
}

pub(crate) fn host_paths(subject: &Subject<'_>, out: &mut Vec<String>) {
    alone("hostPathVolumes", judges::host_paths, subject, out);
}
