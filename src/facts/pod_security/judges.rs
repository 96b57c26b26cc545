//! What each control looks at. A function goes over the fields of its control and adds every one that it forbids.

use std::fmt::Display;

use super::{
    Subject, Violation,
    rules::{Judge, Rule},
};
use crate::facts::pod::{Container, Endpoint, Handler, PodSecurityContext, PodSpec, Profile, SecurityContext};

/// Takes what one control finds.
pub(super) struct Found<'o> {
    rule: &'static Rule,
    out: &'o mut Vec<Violation>,
}

/// Where in the Pod a field is.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// The Pod's own spec, of which the field alone says enough.
    Spec,
    /// The Pod's security context, which must be told from those of containers.
    Pod,
    Container {
        list: &'static str,
        index: usize,
        name: &'p str,
    },
    Volume {
        index: usize,
        name: &'p str,
    },
}

impl<'o> Found<'o> {
    pub(super) fn new(rule: &'static Rule, out: &'o mut Vec<Violation>) -> Self {
        Self { rule, out }
    }

    /// `problem` follows the field in the text: `= true`, `is not set`.
    fn add(&mut self, place: Place<'_>, field: impl Display, problem: impl Display) {
        let (path, label) = match place {
            Place::Spec => (String::new(), String::new()),
            Place::Pod => (String::new(), "Pod: ".to_owned()),
            Place::Container { list, index, name } => (format!("{list}[{index}]."), format!("{}: ", label(list, name))),
            Place::Volume { index, name } => (format!("volumes[{index}]."), format!("volume {name}: ")),
        };
        let problem = problem.to_string();
        self.push(format!("spec.{path}{field}"), format!("{label}{field} {problem}"), problem);
    }

    fn annotation(&mut self, key: &str, value: &str) {
        self.push(format!("metadata.annotations[{key}]"), format!("annotation {key} = {value}"), format!("= {value}"));
    }

    fn push(&mut self, field: String, text: String, problem: String) {
        self.out.push(Violation { check: self.rule.check, reason: self.rule.reason, field, problem, text });
    }
}

/// `container api`, `init container migrate`.
pub(super) fn label(list: &str, name: &str) -> String {
    let kind = match list {
        "initContainers" => "init container",
        "ephemeralContainers" => "ephemeral container",
        _ => "container",
    };
    format!("{kind} {name}")
}

/// Every container with its place: init containers, containers, ephemeral containers.
fn containers<'p>(spec: &'p PodSpec) -> impl Iterator<Item = (Place<'p>, &'p Container)> {
    [
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ]
    .into_iter()
    .flat_map(|(list, containers)| {
        let place = move |index, container: &'p Container| Place::Container { list, index, name: &container.name };
        containers.iter().enumerate().map(move |(index, container)| (place(index, container), container))
    })
}

/// Each container with its place and security context, if it has one.
fn contexts<'p>(subject: &Subject<'p>) -> impl Iterator<Item = (Place<'p>, Option<&'p SecurityContext>)> {
    containers(subject.spec).map(|(place, container)| (place, container.security_context.as_ref()))
}

/// Pod and containers that set a field of their security context.
fn both<'p, T>(
    subject: &Subject<'p>,
    of_pod: impl Fn(&'p PodSecurityContext) -> Option<&'p T>,
    of_container: impl Fn(&'p SecurityContext) -> Option<&'p T>,
) -> Vec<(Place<'p>, &'p T)> {
    let pod = subject.spec.security_context.as_ref().and_then(of_pod).map(|value| (Place::Pod, value));
    let containers = contexts(subject).filter_map(|(place, context)| Some((place, of_container(context?)?)));
    pod.into_iter().chain(containers).collect()
}

/// Judges only Pods that share the users of their node: in a user namespace root is nobody there.
pub(super) fn host_users(subject: &Subject<'_>, found: &mut Found<'_>, judge: Judge) {
    if subject.spec.host_users != Some(false) {
        judge(subject, found);
    }
}

pub(super) fn host_namespaces(subject: &Subject<'_>, found: &mut Found<'_>) {
    let spec = subject.spec;
    for (field, set) in [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)] {
        if set == Some(true) {
            found.add(Place::Spec, field, "= true");
        }
    }
}

pub(super) fn privileged(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, context) in contexts(subject) {
        if context.and_then(|context| context.privileged) == Some(true) {
            found.add(place, "securityContext.privileged", "= true");
        }
    }
}

/// What runtimes grant by default.
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

pub(super) fn capabilities_baseline(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, context) in contexts(subject) {
        added(place, context, DEFAULT_CAPABILITIES, found);
    }
}

pub(super) fn capabilities_restricted(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, context) in contexts(subject) {
        let dropped = context.and_then(|context| context.capabilities.as_ref()).map_or(&[][..], |set| &set.drop);
        if !dropped.iter().any(|name| name == "ALL") {
            found.add(place, "securityContext.capabilities.drop", "does not include ALL");
        }
        added(place, context, &["NET_BIND_SERVICE"], found);
    }
}

fn added(place: Place<'_>, context: Option<&SecurityContext>, allowed: &[&str], found: &mut Found<'_>) {
    let added = context.and_then(|context| context.capabilities.as_ref()).map_or(&[][..], |set| &set.add);
    let bad: Vec<&str> = added.iter().map(String::as_str).filter(|name| !allowed.contains(name)).collect();
    if !bad.is_empty() {
        found.add(place, "securityContext.capabilities.add", format_args!("= {}", bad.join(", ")));
    }
}

pub(super) fn host_paths(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (index, volume) in subject.spec.volumes.iter().enumerate() {
        if let Some(source) = volume.source.get("hostPath").filter(|source| !source.is_null()) {
            let place = Place::Volume { index, name: &volume.name };
            match source.get("path").and_then(|path| path.as_str()) {
                Some(path) => found.add(place, "hostPath.path", format_args!("= {path}")),
                None => found.add(place, "hostPath", "is set"),
            }
        }
    }
}

/// Volume types of the restricted level.
const VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// A volume without any source is an `emptyDir` by default; one whose type is not known here is not allowed.
pub(super) fn volumes(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (index, volume) in subject.spec.volumes.iter().enumerate() {
        let kinds = || volume.source.iter().filter(|(_, source)| !source.is_null()).map(|(kind, _)| &**kind);
        if let Some(kind) = kinds().next().filter(|_| !kinds().any(|kind| VOLUMES.contains(&kind))) {
            found.add(Place::Volume { index, name: &volume.name }, kind, "is not allowed");
        }
    }
}

pub(super) fn host_ports(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, container) in containers(subject.spec) {
        for (index, port) in container.ports.iter().enumerate() {
            if let Some(port) = port.host_port.filter(|port| *port != 0) {
                found.add(place, format_args!("ports[{index}].hostPort"), format_args!("= {port}"));
            }
        }
    }
}

pub(super) fn probe_hosts(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, container) in containers(subject.spec) {
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
                let host = endpoint.and_then(|endpoint| endpoint.host.as_deref());
                if let Some(host) = host.filter(|host| !host.is_empty()) {
                    found.add(place, format_args!("{name}.{kind}.host"), format_args!("= {host}"));
                }
            }
        }
    }
}

pub(super) fn proc_mount(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, context) in contexts(subject) {
        let mount = context.and_then(|context| context.proc_mount.as_deref());
        if let Some(mount) = mount.filter(|mount| *mount != "Default") {
            found.add(place, "securityContext.procMount", format_args!("= {mount}"));
        }
    }
}

pub(super) fn se_linux(subject: &Subject<'_>, types: &[&str], found: &mut Found<'_>) {
    let set = both(subject, |pod| pod.se_linux_options.as_ref(), |container| container.se_linux_options.as_ref());
    for (place, options) in set {
        if !types.contains(&&*options.kind) {
            found.add(place, "securityContext.seLinuxOptions.type", format_args!("= {}", options.kind));
        }
        for (field, value) in [("user", &options.user), ("role", &options.role)] {
            if !value.is_empty() {
                found.add(place, format_args!("securityContext.seLinuxOptions.{field}"), format_args!("= {value}"));
            }
        }
    }
}

/// Seccomp and AppArmor allow the same two types.
fn allowed(profile: &Profile) -> bool {
    matches!(&*profile.kind, "RuntimeDefault" | "Localhost")
}

pub(super) fn app_armor(subject: &Subject<'_>, found: &mut Found<'_>) {
    let set = both(subject, |pod| pod.app_armor_profile.as_ref(), |container| container.app_armor_profile.as_ref());
    for (place, profile) in set.into_iter().filter(|(_, profile)| !allowed(profile)) {
        found.add(place, "securityContext.appArmorProfile.type", format_args!("= {}", profile.kind));
    }
    // Whatever container the annotation names: it need not exist.
    for (key, value) in subject.annotations {
        let allowed = value.is_empty() || &**value == "runtime/default" || value.starts_with("localhost/");
        if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !allowed {
            found.annotation(key, value);
        }
    }
}

/// Before 1.19 annotations held the profile. One for a container that the Pod does not have says nothing.
pub(super) fn seccomp_annotations(subject: &Subject<'_>, found: &mut Found<'_>) {
    let of_containers = containers(subject.spec)
        .map(|(_, container)| format!("container.seccomp.security.alpha.kubernetes.io/{}", container.name));
    for key in std::iter::once("seccomp.security.alpha.kubernetes.io/pod".to_owned()).chain(of_containers) {
        if let Some(value) = subject.annotations.get(&*key) {
            let allowed = matches!(&**value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
            if !allowed {
                found.annotation(&key, value);
            }
        }
    }
}

/// The profile of the Pod, or of a container, is not one that lets everything through.
pub(super) fn seccomp_baseline(subject: &Subject<'_>, found: &mut Found<'_>) {
    let set = both(subject, |pod| pod.seccomp_profile.as_ref(), |container| container.seccomp_profile.as_ref());
    for (place, profile) in set.into_iter().filter(|(_, profile)| !allowed(profile)) {
        found.add(place, "securityContext.seccompProfile.type", format_args!("= {}", profile.kind));
    }
}

/// Also, every container has a profile: its own or the Pod's.
pub(super) fn seccomp_restricted(subject: &Subject<'_>, found: &mut Found<'_>) {
    seccomp_baseline(subject, found);
    // A forbidden profile of the Pod is reported once, not for each container that takes it over.
    if subject.spec.security_context.as_ref().is_some_and(|context| context.seccomp_profile.is_some()) {
        return;
    }
    for (place, context) in contexts(subject) {
        if context.is_none_or(|context| context.seccomp_profile.is_none()) {
            found.add(place, "securityContext.seccompProfile.type", "is not set");
        }
    }
}

pub(super) fn sysctls(subject: &Subject<'_>, allowed: &[&str], found: &mut Found<'_>) {
    let set = subject.spec.security_context.as_ref().map_or(&[][..], |context| &context.sysctls);
    for (index, sysctl) in set.iter().enumerate().filter(|(_, sysctl)| !allowed.contains(&&*sysctl.name)) {
        let field = format_args!("securityContext.sysctls[{index}].name");
        found.add(Place::Pod, field, format_args!("= {}", sysctl.name));
    }
}

pub(super) fn host_process(subject: &Subject<'_>, found: &mut Found<'_>) {
    let set = both(subject, |pod| pod.windows_options.as_ref(), |container| container.windows_options.as_ref());
    for (place, _) in set.into_iter().filter(|(_, options)| options.host_process == Some(true)) {
        found.add(place, "securityContext.windowsOptions.hostProcess", "= true");
    }
}

pub(super) fn escalation(subject: &Subject<'_>, found: &mut Found<'_>) {
    for (place, context) in contexts(subject) {
        if context.and_then(|context| context.allow_privilege_escalation) != Some(false) {
            found.add(place, "securityContext.allowPrivilegeEscalation", "is not false");
        }
    }
}

pub(super) fn non_root(subject: &Subject<'_>, found: &mut Found<'_>) {
    const FIELD: &str = "securityContext.runAsNonRoot";
    let pod = subject.spec.security_context.as_ref().and_then(|context| context.run_as_non_root);
    if pod == Some(false) {
        found.add(Place::Pod, FIELD, "= false");
    }
    for (place, context) in contexts(subject) {
        match context.and_then(|context| context.run_as_non_root) {
            Some(true) => {}
            Some(false) => found.add(place, FIELD, "= false"),
            // What the Pod says holds, and was judged above.
            None if pod.is_some() => {}
            None => found.add(place, FIELD, "is not true"),
        }
    }
}

pub(super) fn root_user(subject: &Subject<'_>, found: &mut Found<'_>) {
    let set = both(subject, |pod| pod.run_as_user.as_ref(), |container| container.run_as_user.as_ref());
    for (place, _) in set.into_iter().filter(|(_, user)| **user == 0) {
        found.add(place, "securityContext.runAsUser", "= 0");
    }
}
