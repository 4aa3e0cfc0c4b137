//! How a server of the Model Context Protocol is reached, by the names of its settings and never by what a secret is set to.

use asmm_model::Access;

/// Programs that stand between a client and a server at an address.
const BRIDGES: [&str; 3] = ["mcp-remote", "mcp-proxy", "supergateway"];
/// Ends of the names of headers, parameters and settings that carry a credential, in small letters without `-` and `_`.
const CREDENTIALS: [&str; 7] =
    ["key", "token", "secret", "password", "credentials", "authorization", "bearer"];
/// Settings that hold those of the same server.
const HOLDERS: [&str; 13] = [
    // What stands at a position of a call has no name.
    "",
    "params",
    "serverparams",
    "connectionparams",
    "connection",
    "transport",
    "options",
    "config",
    "toolconfig",
    "requestinit",
    "requestoptions",
    "eventsourceinit",
    "init",
];
/// How deep settings are gone into.
const MAX_DEPTH: u8 = 5;

/// What something is set to, as far as it says how a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting<'t> {
    /// Switched off, or empty.
    Off,
    /// Switched on.
    On,
    /// A text that is written out.
    Text(&'t str),
    /// A list of texts.
    Words(Vec<&'t str>),
    /// Settings of its own; what has no name of its own is the name of what was made of the others.
    Parts(Vec<(&'t str, Self)>),
    /// Something that is made elsewhere, which may be nothing.
    Unknown,
}

/// The ways to servers that were seen together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// A program is started, or the address is one of this machine.
    is_local: bool,
    is_remote: bool,
    /// It is said that nobody is asked who they are.
    is_open: bool,
    has_key: bool,
    has_login: bool,
    /// The most open of those that stand inside.
    inner: Option<Access>,
}

impl Way {
    /// The way to the server that these settings are about, or, if they hold several servers, the most open of those.
    pub(crate) fn of<'t, 's>(settings: impl IntoIterator<Item = (&'t str, &'s Setting<'t>)>) -> Self
    where
        't: 's,
    {
        Self::inside(settings, MAX_DEPTH)
    }

    /// What a call says of itself, whatever it is given.
    pub(crate) fn with(mut self, access: Option<Access>) -> Self {
        match access {
            Some(Access::Local) => self.is_local = true,
            Some(Access::Remote) => self.is_remote = true,
            Some(Access::Open) => self.is_open = true,
            Some(Access::Key) => self.has_key = true,
            Some(Access::Login) => self.has_login = true,
            None => {}
        }
        self
    }

    /// How the server is reached; `None` where nothing says it.
    ///
    /// An address without a key is not one that anybody may use: a server may ask for a login when a client connects, and
    /// what stands in front of it may ask as well. So only what says that nobody is asked is open.
    pub(crate) fn access(self) -> Option<Access> {
        let own = match self {
            Self { is_local: true, .. } => Some(Access::Local),
            Self { has_login: true, .. } => Some(Access::Login),
            Self { has_key: true, .. } => Some(Access::Key),
            Self { is_open: true, .. } => Some(Access::Open),
            Self { is_remote: true, .. } => Some(Access::Remote),
            _ => None,
        };
        own.into_iter().chain(self.inner).min()
    }

    /// Whether it leads to this machine alone.
    pub(crate) fn is_local(self) -> bool {
        self.is_local
    }

    /// What one is asked for, wherever that is.
    pub(crate) fn asks(self) -> Option<Access> {
        match self {
            Self { has_login: true, .. } => Some(Access::Login),
            Self { has_key: true, .. } => Some(Access::Key),
            _ => None,
        }
    }

    fn inside<'t, 's>(settings: impl IntoIterator<Item = (&'t str, &'s Setting<'t>)>, depth: u8) -> Self
    where
        't: 's,
    {
        let mut way = Self::default();
        way.take_all(settings, depth);
        way
    }

    fn take_all<'t, 's>(&mut self, settings: impl IntoIterator<Item = (&'t str, &'s Setting<'t>)>, depth: u8)
    where
        't: 's,
    {
        let mut words: Vec<&str> = Vec::new();
        for (name, setting) in settings {
            match (&*plain(name), setting) {
                // The command comes before its arguments, wherever they stand.
                ("command" | "cmd", Setting::Text(line)) => {
                    words.splice(0..0, line.split_whitespace());
                }
                ("command" | "cmd" | "args", Setting::Words(list)) => words.extend(list),
                ("command" | "cmd", Setting::Parts(parts)) => {
                    let of =
                        |wanted: &str| parts.iter().find(|(name, _)| *name == wanted).map(|(_, set)| set);
                    match of("path") {
                        Some(Setting::Text(path)) => words.insert(0, path),
                        _ => self.is_local = true,
                    }
                    if let Some(Setting::Words(list)) = of("args") {
                        words.extend(list);
                    }
                }
                ("command" | "cmd", Setting::Unknown | Setting::On) => self.is_local = true,
                (name, setting) => self.take(name, setting, depth),
            }
        }
        self.start(&words);
    }

    fn take(&mut self, name: &str, setting: &Setting<'_>, depth: u8) {
        match (name, setting) {
            (_, Setting::Off) => {}
            ("url" | "serverurl" | "httpurl" | "uri" | "endpoint" | "sseurl" | "baseurl", setting) => {
                self.address(setting);
            }
            ("host", Setting::Text(host)) => self.is_local |= is_this_machine(host),
            ("headers" | "httpheaders" | "envhttpheaders" | "customheaders" | "extraheaders", setting) => {
                self.headers(setting);
            }
            ("env" | "environment", Setting::Parts(parts)) => {
                self.has_key |= parts.iter().any(|(name, _)| is_credential(name));
            }
            ("auth" | "authentication" | "authtype" | "authconfig", setting) => self.auth(setting),
            // What is only handed on may be nothing.
            (_, Setting::Unknown) => {}
            ("noauth", Setting::On) => self.is_open = true,
            ("oauth" | "oidc", setting) => self.has_login |= !is_switched_off(setting),
            (
                "authprovider" | "authprovidertype" | "authorization" | "authorizationtoken" | "clientid"
                | "requiresoauth" | "tokenverifier" | "authserverprovider",
                _,
            ) => self.has_login = true,
            // Something that is asked who sends a request, or for what shows it.
            ("authenticate" | "headershelper" | "bearertokenenvvar", _) => self.has_key = true,
            (_, Setting::Parts(parts)) => {
                let Some(depth) = depth.checked_sub(1) else { return };
                let parts = parts.iter().map(|(name, setting)| (*name, setting));
                if HOLDERS.contains(&name) {
                    self.take_all(parts, depth);
                    return;
                }
                let inner = Self::inside(parts, depth);
                // A key of something else, such as a model, is none of a server.
                if inner.is_local || inner.is_remote || inner.inner.is_some() {
                    self.inner = self.inner.into_iter().chain(inner.access()).min();
                }
            }
            // `transport="https://…"`
            (name, Setting::Text(text)) if HOLDERS.contains(&name) && is_web(text) => self.address(setting),
            (name, Setting::Text(_)) => self.has_key |= is_credential(name),
            (_, Setting::On | Setting::Words(_)) => {}
        }
    }

    fn address(&mut self, setting: &Setting<'_>) {
        let Setting::Text(address) = setting else {
            self.is_remote = true;
            return;
        };
        if is_this_machine(address) {
            self.is_local = true;
            return;
        }
        self.is_remote = true;
        let (before, query) = address.split_once('?').unwrap_or((address, ""));
        let authority = before.split_once("://").map_or(before, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let names = query.split(['&', ';']).filter_map(|pair| pair.split('=').next());
        self.has_key |= authority.contains('@') || names.into_iter().any(is_credential);
    }

    /// Names of headers: `{"Authorization": …}`, or `"Authorization: …"` each.
    fn headers(&mut self, setting: &Setting<'_>) {
        self.has_key |= match setting {
            Setting::Parts(parts) => {
                parts.iter().any(|(name, setting)| *setting != Setting::Off && is_credential(name))
            }
            Setting::Words(words) => words.iter().any(|word| is_credential(header(word))),
            Setting::Text(word) => is_credential(header(word)),
            Setting::Off | Setting::On | Setting::Unknown => false,
        };
    }

    /// `"oauth"`, `{"type": "bearer"}`, `OAuth(…)`: what is said about how one shows who one is.
    fn auth(&mut self, setting: &Setting<'_>) {
        match setting {
            Setting::Off | Setting::Unknown => {}
            Setting::On | Setting::Words(_) => self.has_login = true,
            Setting::Text(word) => match plain(word).as_str() {
                "none" | "noauth" | "anonymous" | "public" => self.is_open = true,
                "oauth" | "oauth2" | "oauth21" | "oidc" => self.has_login = true,
                // The token itself, or a word for one.
                _ => self.has_key = true,
            },
            Setting::Parts(parts) => {
                let by = parts.iter().find_map(|(name, setting)| match setting {
                    Setting::Text(word) if name.is_empty() || matches!(*name, "type" | "kind" | "method") => {
                        Some(plain(word))
                    }
                    _ => None,
                });
                match by.unwrap_or_default().as_str() {
                    "none" | "noauth" => self.is_open = true,
                    // `BearerAuth(token)`; a provider looks at what an issuer of tokens signed.
                    by if (by.contains("bearer") || by.contains("apikey")) && !by.ends_with("provider") => {
                        self.has_key = true;
                    }
                    _ => self.has_login = true,
                }
            }
        }
    }

    /// A command line: a program of this machine, unless all that it does is to go to an address.
    fn start(&mut self, words: &[&str]) {
        if words.is_empty() {
            return;
        }
        let is_bridge = |word: &&str| {
            let last = word.rsplit(['/', '\\']).next().unwrap_or(word);
            BRIDGES.contains(&last.split(['@', ':', '=']).next().unwrap_or(last))
        };
        let address = words.iter().find(|word| is_web(word));
        let (true, Some(address)) = (words.iter().any(is_bridge), address) else {
            self.is_local = true;
            return;
        };
        self.address(&Setting::Text(address));
        for (flag, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
            let Some(flag) = flag.strip_prefix('-') else { continue };
            let (flag, value) = flag.split_once('=').map_or((flag, next.copied()), |(f, v)| (f, Some(v)));
            match plain(flag).as_str() {
                "header" | "headers" | "h" => self.has_key |= value.is_some_and(|v| is_credential(header(v))),
                flag if is_credential(flag) => self.has_key = true,
                flag => self.has_login |= flag.contains("oauth") || flag == "clientid",
            }
        }
    }
}

/// The name in `Authorization: Bearer …` or `Authorization=…`.
fn header(word: &str) -> &str {
    word.split([':', '=', ' ']).next().unwrap_or_default()
}

/// A name in small letters, without what stands between its words.
fn plain(name: &str) -> String {
    /// Bytes of a name that are looked at.
    const LONGEST: usize = 120;
    let name = &name[..name.floor_char_boundary(LONGEST)];
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether something of that name carries a credential.
fn is_credential(name: &str) -> bool {
    // `GITHUB_PAT`, and not `compat`.
    let is_pat = name.rsplit(['_', '-']).next().is_some_and(|last| last.eq_ignore_ascii_case("pat"));
    let name = plain(name);
    CREDENTIALS.iter().any(|end| name.ends_with(end))
        || matches!(&*name, "auth" | "xauth" | "cookie")
        || is_pat
}

/// `{"enabled": false}`
fn is_switched_off(setting: &Setting<'_>) -> bool {
    match setting {
        Setting::Parts(parts) => parts.iter().any(|(name, set)| *name == "enabled" && *set == Setting::Off),
        _ => false,
    }
}

/// Whether a text is an address of the web.
pub(crate) fn is_web(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Whether an address leads to the machine it is asked from, or to the host of its container.
fn is_this_machine(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    // An address of IPv6 stands in brackets, or is all there is.
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if host.matches(':').count() > 1 => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    let is_v4 = host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    matches!(&*host, "localhost" | "::1" | "host.docker.internal")
        || host.ends_with(".localhost")
        || is_v4 && host.starts_with("127.")
}
