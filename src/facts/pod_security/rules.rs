//! The rules, one row a field, by the minor version of the policy that brought them.

use super::{Level, Subject};
use crate::facts::pod::{Container, Endpoint, Handler, PodSpec, SecurityContext};

type Judge = fn(&Subject<'_>, &mut Vec<String>);

/// One control of the standards.
pub(super) struct Rule {
    /// Its name in Pod Security admission.
    pub(super) id: &'static str,
    pub(super) level: Level,
    /// The baseline rule that it makes superfluous.
    pub(super) replaces: Option<&'static str>,
    /// Since which minor version it is judged how, oldest first.
    pub(super) versions: &'static [(u32, Judge)],
}

const fn baseline(id: &'static str, versions: &'static [(u32, Judge)]) -> Rule {
    Rule { id, level: Level::Baseline, replaces: None, versions }
}

const fn restricted(id: &'static str, replaces: Option<&'static str>, versions: &'static [(u32, Judge)]) -> Rule {
    Rule { id, level: Level::Restricted, replaces, versions }
}

/// All of them.
pub(super) const RULES: &[Rule] = &[
    baseline("appArmorProfile", &[(0, app_armor)]),
    baseline("capabilities_baseline", &[(0, |subject, out| capabilities_added(subject, DEFAULT_CAPABILITIES, out))]),
    baseline("hostNamespaces", &[(0, host_namespaces)]),
    baseline("hostPathVolumes", &[(0, host_paths)]),
    baseline("hostPorts", &[(0, host_ports)]),
    baseline("hostProbesAndHostLifecycle", &[(34, probe_hosts)]),
    baseline("privileged", &[(0, privileged)]),
    baseline(
        "procMount_baseline",
        &[
            (0, proc_mount),
            (35, |subject, out| {
                if !in_user_namespace(subject.spec) {
                    proc_mount(subject, out);
                }
            }),
        ],
    ),
    baseline(
        "seLinuxOptions",
        &[
            (0, |subject, out| se_linux(subject, SE_LINUX_1_0, out)),
            (31, |subject, out| se_linux(subject, SE_LINUX_1_31, out)),
        ],
    ),
    baseline("seccompProfile_baseline", &[(0, seccomp_annotations), (19, |subject, out| seccomp(subject, false, out))]),
    baseline(
        "sysctls",
        &[
            (0, |subject, out| sysctls(subject, &SYSCTLS[..5], out)),
            (27, |subject, out| sysctls(subject, &SYSCTLS[..6], out)),
            (29, |subject, out| sysctls(subject, &SYSCTLS[..10], out)),
            (32, |subject, out| sysctls(subject, SYSCTLS, out)),
        ],
    ),
    baseline("windowsHostProcess", &[(0, host_process)]),
    restricted(
        "allowPrivilegeEscalation",
        None,
        &[
            (8, escalation),
            (25, |subject, out| {
                if !subject.spec.is_windows() {
                    escalation(subject, out);
                }
            }),
        ],
    ),
    restricted(
        "capabilities_restricted",
        Some("capabilities_baseline"),
        &[
            // Before 1.22 only the baseline rule holds, which this one replaces.
            (0, |subject, out| capabilities_added(subject, DEFAULT_CAPABILITIES, out)),
            (22, capabilities_restricted),
            (25, |subject, out| {
                if subject.spec.is_windows() {
                    capabilities_added(subject, DEFAULT_CAPABILITIES, out);
                } else {
                    capabilities_restricted(subject, out);
                }
            }),
        ],
    ),
    restricted("procMount_restricted", Some("procMount_baseline"), &[(0, proc_mount)]),
    restricted("restrictedVolumes", Some("hostPathVolumes"), &[(0, volumes)]),
    restricted(
        "runAsNonRoot",
        None,
        &[
            (0, non_root),
            (35, |subject, out| {
                if !in_user_namespace(subject.spec) {
                    non_root(subject, out);
                }
            }),
        ],
    ),
    restricted(
        "runAsUser",
        None,
        &[
            (23, root_user),
            (35, |subject, out| {
                if !in_user_namespace(subject.spec) {
                    root_user(subject, out);
                }
            }),
        ],
    ),
    restricted(
        "seccompProfile_restricted",
        Some("seccompProfile_baseline"),
        &[
            (0, seccomp_annotations),
            (19, |subject, out| seccomp(subject, true, out)),
            (25, |subject, out| seccomp(subject, !subject.spec.is_windows(), out)),
        ],
    ),
];

const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Safe sysctls in the order in which versions added them: 1.0, 1.27, 1.29, 1.32.
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
];

const SE_LINUX_1_0: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];
const SE_LINUX_1_31: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// Volume types of the restricted level.
const VOLUMES: &[&str] =
    &["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

fn in_user_namespace(spec: &PodSpec) -> bool {
    spec.host_users == Some(false)
}

/// `container api`, `init container migrate`.
pub(crate) fn place(field: &str, container: &Container) -> String {
    let kind = match field {
        "initContainers" => "init container",
        "ephemeralContainers" => "ephemeral container",
        _ => "container",
    };
    format!("{kind} {}", container.name)
}

/// Each container with its place and security context, if it has one.
fn contexts<'p>(subject: &Subject<'p>) -> impl Iterator<Item = (String, Option<&'p SecurityContext>)> {
    let spec = subject.spec;
    spec.all_containers().map(|(field, container)| (place(field, container), container.security_context.as_ref()))
}

pub(crate) fn host_namespaces(subject: &Subject<'_>, out: &mut Vec<String>) {
    let spec = subject.spec;
    let fields = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    out.extend(fields.iter().filter(|(_, set)| *set == Some(true)).map(|(field, _)| format!("{field} = true")));
}

pub(crate) fn privileged(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, context) in contexts(subject) {
        if context.and_then(|context| context.privileged) == Some(true) {
            out.push(format!("{place}: securityContext.privileged = true"));
        }
    }
}

fn capabilities_added(subject: &Subject<'_>, allowed: &[&str], out: &mut Vec<String>) {
    for (place, context) in contexts(subject) {
        let added = context.and_then(|context| context.capabilities.as_ref()).map_or(&[][..], |set| &set.add);
        let bad: Vec<&str> = added.iter().map(String::as_str).filter(|name| !allowed.contains(name)).collect();
        if !bad.is_empty() {
            out.push(format!("{place}: securityContext.capabilities.add = {}", bad.join(", ")));
        }
    }
}

fn capabilities_restricted(subject: &Subject<'_>, out: &mut Vec<String>) {
    capabilities_added(subject, &["NET_BIND_SERVICE"], out);
    for (place, context) in contexts(subject) {
        let dropped = context.and_then(|context| context.capabilities.as_ref()).map_or(&[][..], |set| &set.drop);
        if !dropped.iter().any(|name| name == "ALL") {
            out.push(format!("{place}: securityContext.capabilities.drop does not include ALL"));
        }
    }
}

pub(crate) fn host_paths(subject: &Subject<'_>, out: &mut Vec<String>) {
    for volume in &subject.spec.volumes {
        if let Some(source) = volume.source.get("hostPath").filter(|source| !source.is_null()) {
            let path = source.get("path").and_then(|path| path.as_str()).unwrap_or("?");
            out.push(format!("volume {}: hostPath.path = {path}", volume.name));
        }
    }
}

fn host_ports(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (field, container) in subject.spec.all_containers() {
        for port in container.ports.iter().filter_map(|port| port.host_port).filter(|port| *port != 0) {
            out.push(format!("{}: ports[].hostPort = {port}", place(field, container)));
        }
    }
}

fn probe_hosts(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (field, container) in subject.spec.all_containers() {
        let lifecycle = container.lifecycle.as_ref();
        let handlers: [(&str, Option<&Handler>); 5] = [
            ("livenessProbe", container.liveness_probe.as_ref()),
            ("readinessProbe", container.readiness_probe.as_ref()),
            ("startupProbe", container.startup_probe.as_ref()),
            ("lifecycle.postStart", lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref())),
            ("lifecycle.preStop", lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref())),
        ];
        for (name, handler) in handlers {
            let endpoints: [(&str, Option<&Endpoint>); 2] = [
                ("httpGet", handler.and_then(|handler| handler.http_get.as_ref())),
                ("tcpSocket", handler.and_then(|handler| handler.tcp_socket.as_ref())),
            ];
            for (kind, endpoint) in endpoints {
                if let Some(host) =
                    endpoint.and_then(|endpoint| endpoint.host.as_deref()).filter(|host| !host.is_empty())
                {
                    out.push(format!("{}: {name}.{kind}.host = {host}", place(field, container)));
                }
            }
        }
    }
}

fn proc_mount(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, context) in contexts(subject) {
        if let Some(mount) =
            context.and_then(|context| context.proc_mount.as_deref()).filter(|mount| *mount != "Default")
        {
            out.push(format!("{place}: securityContext.procMount = {mount}"));
        }
    }
}

/// Pod and containers with one of their security context's fields.
fn both<'p, T>(
    subject: &Subject<'p>,
    of_pod: impl Fn(&'p crate::facts::pod::PodSecurityContext) -> Option<&'p T>,
    of_container: impl Fn(&'p SecurityContext) -> Option<&'p T>,
) -> Vec<(String, &'p T)> {
    let pod = subject.spec.security_context.as_ref().and_then(of_pod).map(|value| ("Pod".to_owned(), value));
    let containers = contexts(subject).filter_map(|(place, context)| Some((place, of_container(context?)?)));
    pod.into_iter().chain(containers).collect()
}

fn se_linux(subject: &Subject<'_>, types: &[&str], out: &mut Vec<String>) {
    for (place, options) in
        both(subject, |pod| pod.se_linux_options.as_ref(), |container| container.se_linux_options.as_ref())
    {
        if !types.contains(&&*options.kind) {
            out.push(format!("{place}: securityContext.seLinuxOptions.type = {}", options.kind));
        }
        for (field, value) in [("user", &options.user), ("role", &options.role)] {
            if !value.is_empty() {
                out.push(format!("{place}: securityContext.seLinuxOptions.{field} = {value}"));
            }
        }
    }
}

fn app_armor(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, profile) in
        both(subject, |pod| pod.app_armor_profile.as_ref(), |container| container.app_armor_profile.as_ref())
    {
        if !matches!(&*profile.kind, "RuntimeDefault" | "Localhost") {
            out.push(format!("{place}: securityContext.appArmorProfile.type = {}", profile.kind));
        }
    }
    for (key, value) in subject.annotations {
        if key.starts_with("container.apparmor.security.beta.kubernetes.io/")
            && !(value.is_empty() || &**value == "runtime/default" || value.starts_with("localhost/"))
        {
            out.push(format!("annotation {key} = {value}"));
        }
    }
}

fn sysctls(subject: &Subject<'_>, allowed: &[&str], out: &mut Vec<String>) {
    let set = subject.spec.security_context.as_ref().map_or(&[][..], |context| &context.sysctls);
    for sysctl in set.iter().filter(|sysctl| !allowed.contains(&&*sysctl.name)) {
        out.push(format!("Pod: securityContext.sysctls[].name = {}", sysctl.name));
    }
}

fn host_process(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, options) in
        both(subject, |pod| pod.windows_options.as_ref(), |container| container.windows_options.as_ref())
    {
        if options.host_process == Some(true) {
            out.push(format!("{place}: securityContext.windowsOptions.hostProcess = true"));
        }
    }
}

fn seccomp_annotations(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (key, value) in subject.annotations {
        let concerns = &**key == "seccomp.security.alpha.kubernetes.io/pod"
            || key.starts_with("container.seccomp.security.alpha.kubernetes.io/");
        let allowed = matches!(&**value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
        if concerns && !allowed {
            out.push(format!("annotation {key} = {value}"));
        }
    }
}

/// `demanded`: a profile must be set, on the Pod or on each container; else it must merely not be `Unconfined`.
fn seccomp(subject: &Subject<'_>, demanded: bool, out: &mut Vec<String>) {
    let good = |kind: &str| matches!(kind, "RuntimeDefault" | "Localhost");
    let pod = subject.spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    if let Some(profile) = pod.filter(|profile| !good(&profile.kind)) {
        out.push(format!("Pod: securityContext.seccompProfile.type = {}", profile.kind));
    }
    for (place, context) in contexts(subject) {
        match context.and_then(|context| context.seccomp_profile.as_ref()) {
            Some(profile) if !good(&profile.kind) => {
                out.push(format!("{place}: securityContext.seccompProfile.type = {}", profile.kind));
            }
            None if demanded && pod.is_none() => {
                out.push(format!("{place}: securityContext.seccompProfile.type is not set"));
            }
            _ => {}
        }
    }
}

fn escalation(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, context) in contexts(subject) {
        if context.and_then(|context| context.allow_privilege_escalation) != Some(false) {
            out.push(format!("{place}: securityContext.allowPrivilegeEscalation is not false"));
        }
    }
}

fn volumes(subject: &Subject<'_>, out: &mut Vec<String>) {
    for volume in &subject.spec.volumes {
        let source = |(_, value): &(&String, &serde_json::Value)| !value.is_null();
        if !volume.source.iter().filter(source).any(|(kind, _)| VOLUMES.contains(&&**kind)) {
            let kind = volume.source.iter().find(source).map_or("no type", |(kind, _)| &**kind);
            out.push(format!("volume {}: {kind} is not allowed", volume.name));
        }
    }
}

fn non_root(subject: &Subject<'_>, out: &mut Vec<String>) {
    let pod = subject.spec.security_context.as_ref().and_then(|context| context.run_as_non_root);
    if pod == Some(false) {
        out.push("Pod: securityContext.runAsNonRoot = false".to_owned());
    }
    for (place, context) in contexts(subject) {
        match context.and_then(|context| context.run_as_non_root) {
            Some(true) => {}
            Some(false) => out.push(format!("{place}: securityContext.runAsNonRoot = false")),
            None if pod == Some(true) => {}
            None if pod == Some(false) => {}
            None => out.push(format!("{place}: securityContext.runAsNonRoot is not true")),
        }
    }
}

fn root_user(subject: &Subject<'_>, out: &mut Vec<String>) {
    for (place, user) in both(subject, |pod| pod.run_as_user.as_ref(), |container| container.run_as_user.as_ref()) {
        if *user == 0 {
            out.push(format!("{place}: securityContext.runAsUser = 0"));
        }
    }
}
