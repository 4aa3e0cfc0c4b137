//! Which rules of the restricted profile of the Pod Security Standards a specification of pods breaks.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Annotations by which the profile of AppArmor of a container was chosen before there was a field for it; its name follows.
pub(crate) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Containers of one rule that are named.
const MAX_NAMED: usize = 3;
/// Letters of a name, or of a value, that are shown: it may be anything in a manifest.
const MAX_SHOWN: usize = 63;

/// A rule that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// What it allows, and by which field: `runs privileged: privileged is true`.
    pub(crate) says: String,
    /// Names of the containers that it is about; empty for the pod as a whole.
    pub(crate) containers: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)?;
        if self.containers.is_empty() {
            return Ok(());
        }
        let named: Vec<&str> = self.containers.iter().take(MAX_NAMED).map(String::as_str).collect();
        write!(f, " (`{}`", named.join("`, `"))?;
        match self.containers.len() - named.len() {
            0 => f.write_str(")"),
            more => write!(f, " and {more} more)"),
        }
    }
}

/// What came out of looking at a specification.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// In the order in which the containers and their rules stand.
    pub(crate) broken: Vec<Broken>,
    /// Whether all that the rules are about could be read. Otherwise more may be broken.
    pub(crate) is_whole: bool,
}

impl Outcome {
    /// Whether the profile is met; nothing where that cannot be told.
    pub(crate) fn meets(&self) -> Option<bool> {
        match (self.broken.is_empty(), self.is_whole) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        }
    }
}

/// Kinds of volumes that are allowed.
const VOLUMES: [&str; 9] = [
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
/// Settings of the kernel that belong to the pod alone.
const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];
const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const PROFILES: [&str; 2] = ["RuntimeDefault", "Localhost"];

/// Holds a specification of pods, and the annotations that they will have, against the restricted profile, the rules of the
/// baseline profile among them: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>, as Kubernetes 1.36
/// checks it.
pub(crate) fn outcome(spec: &Value, annotations: &[(&str, &str)]) -> Outcome {
    let mut look = Look::default();
    if spec.is_object() {
        look.pod(spec);
        look.annotations(annotations);
    } else {
        look.is_cut = true;
    }
    Outcome { broken: look.broken, is_whole: !look.is_cut }
}

/// A field that is read.
enum Field<T> {
    Is(T),
    Absent,
    /// It is of another type than it has to be, and says nothing.
    Odd,
}

/// What a pod says for those of its containers that say nothing themselves.
struct Pod {
    is_windows: bool,
    /// Whether root in its containers is somebody else outside of them.
    is_mapped: bool,
    says_root: bool,
    says_filter: bool,
}

static NOTHING: Value = Value::Null;

/// What was found so far.
#[derive(Default)]
struct Look {
    broken: Vec<Broken>,
    /// Where among them each stands.
    known: BTreeMap<String, usize>,
    is_cut: bool,
}

impl Look {
    /// A rule that is not met, by a container or by the pod as a whole: it is told once for all of them.
    fn breaks(&mut self, container: Option<&str>, says: impl Into<String>) {
        let says = says.into();
        let at = *self.known.entry(says.clone()).or_insert(self.broken.len());
        if at == self.broken.len() {
            self.broken.push(Broken { says, containers: Vec::new() });
        }
        if let (Some(broken), Some(container)) = (self.broken.get_mut(at), container) {
            broken.containers.push(container.to_owned());
        }
    }

    fn field<'v, T>(&mut self, of: &'v Value, key: &str, read: fn(&'v Value) -> Option<T>) -> Field<T> {
        let Some(value) = of.get(key).filter(|value| !value.is_null()) else { return Field::Absent };
        if let Some(value) = read(value) {
            return Field::Is(value);
        }
        self.is_cut = true;
        Field::Odd
    }

    /// A value inside of another, which may be empty; nothing where it is odd.
    fn inside<'v>(&mut self, of: &'v Value, key: &str) -> Option<&'v Value> {
        match self.field(of, key, |value| value.is_object().then_some(value)) {
            Field::Is(value) => Some(value),
            Field::Absent => Some(&NOTHING),
            Field::Odd => None,
        }
    }

    fn items<'v>(&mut self, of: &'v Value, key: &str) -> Vec<&'v Value> {
        let Field::Is(items) = self.field(of, key, Value::as_array) else { return Vec::new() };
        let all = items.len();
        let items: Vec<&Value> = items.iter().filter(|item| item.is_object()).collect();
        self.is_cut |= items.len() < all;
        items
    }

    fn texts<'v>(&mut self, of: &'v Value, key: &str) -> Field<Vec<&'v str>> {
        self.field(of, key, |value| value.as_array()?.iter().map(Value::as_str).collect())
    }

    fn is_set(&mut self, of: &Value, key: &str) -> bool {
        matches!(self.field(of, key, Value::as_bool), Field::Is(true))
    }

    fn pod(&mut self, spec: &Value) {
        for (key, says) in [
            ("hostNetwork", "shares the network of its node: hostNetwork is true"),
            ("hostPID", "shares the processes of its node: hostPID is true"),
            ("hostIPC", "shares the memory of processes of its node: hostIPC is true"),
        ] {
            if self.is_set(spec, key) {
                self.breaks(None, says);
            }
        }
        for volume in self.items(spec, "volumes") {
            self.volume(volume);
        }
        let os = self.inside(spec, "os").unwrap_or(&NOTHING);
        let mut pod = Pod {
            is_windows: matches!(self.field(os, "name", Value::as_str), Field::Is("windows")),
            is_mapped: matches!(self.field(spec, "hostUsers", Value::as_bool), Field::Is(false)),
            // What is odd at the pod is not told again of each container.
            says_root: true,
            says_filter: true,
        };
        if let Some(context) = self.inside(spec, "securityContext") {
            for sysctl in self.items(context, "sysctls") {
                match self.field(sysctl, "name", Value::as_str) {
                    Field::Is(name) if !SYSCTLS.contains(&name) => {
                        self.breaks(
                            None,
                            format!("changes a setting of the kernel: sysctls names {}", shown(name)),
                        );
                    }
                    Field::Is(_) | Field::Odd => {}
                    Field::Absent => self.is_cut = true,
                }
            }
            self.isolation(context, None);
            pod.says_root = self.root(context, None, &pod);
            pod.says_filter = self.filter(context, None, &pod);
        }
        // Every pod has a container.
        self.is_cut |= !matches!(spec.get("containers"), Some(Value::Array(some)) if !some.is_empty());
        for key in ["initContainers", "containers", "ephemeralContainers"] {
            for container in self.items(spec, key) {
                self.container(container, &pod);
            }
        }
    }

    fn annotations(&mut self, annotations: &[(&str, &str)]) {
        for (key, profile) in annotations {
            let Some(container) = key.strip_prefix(APP_ARMOR) else { continue };
            if !profile.is_empty() && *profile != "runtime/default" && !profile.starts_with("localhost/") {
                self.breaks(
                    Some(&shown(container)),
                    "is not confined by AppArmor: an annotation names another profile",
                );
            }
        }
    }

    fn volume(&mut self, volume: &Value) {
        let kinds = volume.as_object().into_iter().flatten();
        // One that says nothing is an empty folder.
        for (kind, _) in kinds.filter(|(key, value)| key.as_str() != "name" && !value.is_null()) {
            if !VOLUMES.contains(&kind.as_str()) {
                self.breaks(None, format!("mounts a volume of a kind that is not allowed: {}", shown(kind)));
            }
        }
    }

    fn container(&mut self, container: &Value, pod: &Pod) {
        let name = match self.field(container, "name", Value::as_str) {
            Field::Is(name) => shown(name),
            Field::Absent | Field::Odd => "without a name".to_owned(),
        };
        let name = Some(name.as_str());
        if let Some(context) = self.inside(container, "securityContext") {
            self.privileges(context, name, pod);
            self.isolation(context, name);
            if !self.root(context, name, pod) && !pod.says_root {
                self.breaks(name, "running as root is not ruled out: runAsNonRoot is not set");
            }
            if !self.filter(context, name, pod) && !pod.says_filter {
                self.breaks(name, "system calls are not filtered: seccompProfile is not set");
            }
        }
        for port in self.items(container, "ports") {
            if matches!(self.field(port, "hostPort", Value::as_i64), Field::Is(port) if port != 0) {
                self.breaks(name, "listens at a port of its node: hostPort is set");
            }
        }
        for (key, hooks) in [
            ("livenessProbe", &[][..]),
            ("readinessProbe", &[]),
            ("startupProbe", &[]),
            ("lifecycle", &["postStart", "preStop"]),
        ] {
            let Some(value) = self.inside(container, key) else { continue };
            if hooks.is_empty() {
                self.handler(value, name);
            }
            for hook in hooks {
                let hook = self.inside(value, hook).unwrap_or(&NOTHING);
                self.handler(hook, name);
            }
        }
    }

    /// What a probe or a hook asks.
    fn handler(&mut self, handler: &Value, container: Option<&str>) {
        for key in ["httpGet", "tcpSocket"] {
            let Some(asked) = self.inside(handler, key) else { continue };
            if matches!(self.field(asked, "host", Value::as_str), Field::Is(host) if !host.is_empty()) {
                self.breaks(container, "lets its node ask another host: a probe or hook names one");
            }
        }
    }

    /// What a container may do, or come to do.
    fn privileges(&mut self, context: &Value, container: Option<&str>, pod: &Pod) {
        if self.is_set(context, "privileged") {
            self.breaks(container, "runs privileged: privileged is true");
        }
        if matches!(self.field(context, "procMount", Value::as_str), Field::Is(mount) if mount != "Default") {
            self.breaks(container, "sees more of /proc: procMount is not Default");
        }
        if pod.is_windows {
            return;
        }
        let escalates = self.field(context, "allowPrivilegeEscalation", Value::as_bool);
        if matches!(escalates, Field::Absent | Field::Is(true)) {
            self.breaks(
                container,
                "gaining privileges is not ruled out: allowPrivilegeEscalation is not false",
            );
        }
        let Some(capabilities) = self.inside(context, "capabilities") else { return };
        match self.texts(capabilities, "drop") {
            Field::Is(dropped) if dropped.contains(&"ALL") => {}
            Field::Is(_) | Field::Absent => {
                self.breaks(container, "keeps capabilities of root: capabilities.drop does not name ALL");
            }
            Field::Odd => {}
        }
        if let Field::Is(added) = self.texts(capabilities, "add") {
            for name in added.into_iter().filter(|name| *name != "NET_BIND_SERVICE") {
                self.breaks(container, format!("adds a capability: capabilities.add names {}", shown(name)));
            }
        }
    }

    /// What keeps a container from its node, at the pod or at the container.
    fn isolation(&mut self, context: &Value, container: Option<&str>) {
        if let Some(options) = self.inside(context, "seLinuxOptions") {
            for (key, allowed) in [("user", &[""][..]), ("role", &[""]), ("type", &SELINUX_TYPES)] {
                if matches!(self.field(options, key, Value::as_str), Field::Is(value) if !allowed.contains(&value))
                {
                    self.breaks(
                        container,
                        format!(
                            "changes what SELinux allows: seLinuxOptions.{key} is not one of those allowed"
                        ),
                    );
                }
            }
        }
        if self.profile(context, "appArmorProfile") == Some(false) {
            self.breaks(
                container,
                "is not confined by AppArmor: appArmorProfile is neither RuntimeDefault nor Localhost",
            );
        }
        if let Some(options) = self.inside(context, "windowsOptions")
            && self.is_set(options, "hostProcess")
        {
            self.breaks(container, "runs as a process of its node: windowsOptions.hostProcess is true");
        }
    }

    /// Looks at who runs it; whether it is said that root does not, or must not be asked.
    fn root(&mut self, context: &Value, container: Option<&str>, pod: &Pod) -> bool {
        if pod.is_mapped {
            return true;
        }
        if matches!(self.field(context, "runAsUser", Value::as_i64), Field::Is(0)) {
            self.breaks(container, "runs as root: runAsUser is 0");
        }
        match self.field(context, "runAsNonRoot", Value::as_bool) {
            Field::Is(false) => {
                self.breaks(container, "running as root is not ruled out: runAsNonRoot is false");
                true
            }
            Field::Is(true) | Field::Odd => true,
            Field::Absent => false,
        }
    }

    /// Looks at the filter of system calls; whether it is said which, or must not be asked.
    fn filter(&mut self, context: &Value, container: Option<&str>, pod: &Pod) -> bool {
        if pod.is_windows {
            return true;
        }
        let said = context.get("seccompProfile").is_some_and(|profile| !profile.is_null());
        if said && self.profile(context, "seccompProfile") == Some(false) {
            self.breaks(
                container,
                "system calls are not filtered: seccompProfile is neither RuntimeDefault nor Localhost",
            );
        }
        said
    }

    /// Whether a profile that is named is one of those that are allowed; nothing where none is, or it is odd.
    fn profile(&mut self, context: &Value, key: &str) -> Option<bool> {
        let profile = self.inside(context, key).filter(|profile| !profile.is_null())?;
        match self.field(profile, "type", Value::as_str) {
            Field::Is(name) => Some(PROFILES.contains(&name)),
            Field::Absent => Some(false),
            Field::Odd => None,
        }
    }
}

fn shown(text: &str) -> String {
    let is = |c: &char| c.is_ascii_alphanumeric() || "-_./".contains(*c);
    text.chars().filter(is).take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests;
