//! Tests of what files show.

use asmm_model::Access;
use muster_rules::RulePack;

use super::*;

/// Everything that a file shows, as lines.
fn told(path: &str, text: &str) -> Vec<String> {
    let pack = RulePack::built_in();
    let mut all = Vec::new();
    for artifact in artifacts(&pack, &path.into(), text.as_bytes()).expect("it can be read") {
        let rule = &pack.rule(artifact.rule).id;
        all.extend(artifact.shows.iter().map(|shown| format!("{} {rule} {}", shown.line, shown.note)));
        all.extend(artifact.servers.iter().map(|server| {
            let package = server
                .package
                .as_ref()
                .map(|p| format!("{} {}", p.name, p.version.as_deref().unwrap_or("-")));
            let with: Vec<String> =
                server.credentials.iter().map(|(name, line)| format!("{name}@{line}")).collect();
            format!(
                "{} {} [{}] {} {} {}{}{}",
                server.line,
                server.name,
                package.unwrap_or_default(),
                server.reached,
                server.access.map_or("-", Access::name),
                with.join(","),
                if server.unattended { " unattended" } else { "" },
                if server.disabled { " disabled" } else { "" },
            )
        }));
    }
    all
}

#[test]
fn permissions_are_told_with_their_lines() {
    let text = "{\n  // Everything goes.\n  \"permissions\": {\n    \"defaultMode\": \"bypassPermissions\",\n    \"allow\": [\n      \"Bash(*)\",\n      \"Read(canary)\"\n    ],\n    \"deny\": [\"Read(.env)\"]\n  }\n}\n";
    assert_eq!(
        told("app/.claude/settings.json", text),
        [
            "1 configures-claude-code ",
            "4 configures-claude-code acts without asking: `permissions.defaultMode` is `bypassPermissions`",
            "6 configures-claude-code acts without asking: `permissions.allow` is `Bash(*)`",
            "9 configures-claude-code is confined: `permissions.deny`",
        ]
    );
}

#[test]
fn keys_of_editors_may_be_written_with_dots() {
    let text = "{\n  \"editor.tabSize\": 2,\n  \"chat.tools.terminal.autoApprove\": { \"rm\": false, \"/.*/\": true }\n}\n";
    assert_eq!(
        told(".vscode/settings.json", text),
        ["3 configures-vscode-agent acts without asking: `chat.tools.terminal.autoApprove.*` is `true`"]
    );
}

#[test]
fn servers_are_told_by_what_launches_them() {
    let text = r#"{
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@2025.8.21", "."] },
    "git": { "command": "uvx", "args": ["mcp-server-git"], "autoApprove": ["git_status"] },
    "github": {
      "command": "docker",
      "args": ["run", "-i", "--rm", "-e", "GITHUB_TOKEN", "ghcr.io/github/github-mcp-server:v0.9"],
      "env": { "GITHUB_TOKEN": "canary", "LOG_LEVEL": "debug" }
    },
    "tickets": { "url": "https://user:canary@mcp.example.com/v1?key=canary", "headers": { "Authorization": "Bearer ${TICKETS_TOKEN}" } },
    "own": { "command": "python", "args": ["server.py"] },
    "off": { "command": "npx", "args": ["x-server"], "disabled": true },
    "broken": 3
  }
}
"#;
    assert_eq!(
        told(".mcp.json", text),
        [
            "2 lists-mcp-servers `mcpServers`",
            "3 files [@modelcontextprotocol/server-filesystem 2025.8.21] launched by `npx` from `@modelcontextprotocol/server-filesystem` local ",
            "4 git [mcp-server-git -] launched by `uvx` from `mcp-server-git`, in no fixed version local  unattended",
            "5 github [ghcr.io/github/github-mcp-server v0.9] launched by `docker` from `ghcr.io/github/github-mcp-server` local GITHUB_TOKEN@8",
            "10 tickets [] a remote server at `mcp.example.com` key TICKETS_TOKEN@10",
            "11 own [] launched by `python` local ",
            "12 off [x-server -] launched by `npx` from `x-server`, in no fixed version local  disabled",
        ]
    );
}

#[test]
fn servers_are_listed_in_toml_and_by_other_clients() {
    let codex = "approval_policy = \"never\"\n\n[mcp_servers.docs]\ncommand = \"uvx\"\nargs = [\"--from\", \"docs-mcp==1.2\", \"serve\"]\nbearer_token_env_var = \"DOCS_TOKEN\"\n";
    assert_eq!(
        told(".codex/config.toml", codex),
        [
            "1 configures-codex ",
            "1 configures-codex acts without asking: `approval_policy` is `never`",
            "3 docs [docs-mcp 1.2] launched by `uvx` from `docs-mcp` local DOCS_TOKEN@3",
        ]
    );
    let opencode = "{\"mcp\": {\"web\": {\"type\": \"local\", \"command\": [\"bunx\", \"web-mcp\"], \"environment\": {\"WEB_API_KEY\": \"canary\"}}}}";
    assert_eq!(
        told("opencode.json", opencode),
        [
            "1 configures-opencode ",
            "1 web [web-mcp -] launched by `bunx` from `web-mcp`, in no fixed version local WEB_API_KEY@1",
        ]
    );
}

/// How the only server of a list is reached.
fn reached(server: &str) -> &'static str {
    let pack = RulePack::built_in();
    let text = format!("{{\"mcpServers\": {{\"it\": {server}}}}}");
    let found = artifacts(&pack, &".mcp.json".into(), text.as_bytes()).expect("it can be read");
    let servers: Vec<&Server> = found.iter().flat_map(|artifact| &artifact.servers).collect();
    let [server] = servers[..] else { return "no server" };
    assert!(!format!("{server:?}").contains("canary"), "{server:?}");
    server.access.map_or("-", Access::name)
}

#[test]
fn servers_are_reached_as_their_settings_say() {
    let cases = [
        // Programs.
        (r#"{"command": "npx", "args": ["-y", "some-server"], "env": {"API_KEY": "canary"}}"#, "local"),
        (r#"{"type": "stdio", "command": "uvx some-server --url https://jira.example.com"}"#, "local"),
        (r#"{"command": ["bunx", "web-mcp"], "environment": {"KEY": "canary"}}"#, "local"),
        (r#"{"command": {"path": "/opt/server", "args": ["--stdio"], "env": {"TOKEN": "canary"}}}"#, "local"),
        (r#"{"command": "docker", "args": ["mcp", "gateway", "run"]}"#, "local"),
        (r#"{"path": "/opt/server"}"#, "local"),
        // Addresses of this machine.
        (r#"{"url": "http://localhost:8080/mcp", "headers": {"Authorization": "canary"}}"#, "local"),
        (r#"{"url": "http://127.0.0.1/sse"}"#, "local"),
        (r#"{"url": "http://[::1]:3000/mcp"}"#, "local"),
        (r#"{"serverUrl": "http://host.docker.internal:3000/mcp"}"#, "local"),
        (r#"{"url": "http://127.evil.example.com/mcp"}"#, "remote"),
        (r#"{"url": "http://localhost.example.com/mcp"}"#, "remote"),
        (r#"{"url": "http://localhost@mcp.example.com/mcp"}"#, "key"),
        // Other addresses: nothing said is nothing known.
        (r#"{"url": "https://mcp.example.com/mcp"}"#, "remote"),
        (r#"{"type": "http", "url": "${MCP_URL}"}"#, "remote"),
        (r#"{"url": "https://mcp.example.com/mcp", "headers": {"X-Region": "eu"}}"#, "remote"),
        (r#"{"url": "https://mcp.example.com/mcp?region=eu", "env": {"LOG_LEVEL": "debug"}}"#, "remote"),
        (r#"{"httpUrl": "https://mcp.example.com/mcp", "oauth": {"enabled": false}}"#, "remote"),
        (r#"{"url": "https://mcp.example.com/mcp", "auth": null, "oauth": false}"#, "remote"),
        // Keys, by the names of what carries them.
        (r#"{"url": "https://mcp.example.com/mcp", "headers": {"authorization": "Bearer canary"}}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "headers": {"X-Api-Key": "${input:key}"}}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "headers": ["X-Goog-Api-Key: canary"]}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp?a=1&tavilyApiKey=canary"}"#, "key"),
        (r#"{"url": "https://user:canary@mcp.example.com/mcp"}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "env": {"TICKETS_PAT": "canary"}}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "requestInit": {"headers": {"Token": "canary"}}}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "http_headers": {"X-Api-Key": "canary"}}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "bearer_token_env_var": "TICKETS"}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "headersHelper": "/opt/headers.sh"}"#, "key"),
        (r#"{"url": "https://mcp.example.com/mcp", "auth": {"type": "bearer", "token": "canary"}}"#, "key"),
        // Logins.
        (r#"{"url": "https://mcp.example.com/mcp", "auth": "oauth"}"#, "login"),
        (r#"{"url": "https://mcp.example.com/mcp", "oauth": {}}"#, "login"),
        (
            r#"{"url": "https://mcp.example.com/mcp", "oauth": {"clientId": "a", "clientSecret": "canary"}}"#,
            "login",
        ),
        (
            r#"{"url": "https://mcp.example.com/mcp", "auth": {"CLIENT_ID": "a", "CLIENT_SECRET": "canary"}}"#,
            "login",
        ),
        (r#"{"httpUrl": "https://mcp.example.com/mcp", "authProviderType": "google_credentials"}"#, "login"),
        (r#"{"url": "https://mcp.example.com/mcp", "authorization_token": "canary"}"#, "login"),
        // What says that nobody is asked.
        (r#"{"url": "https://mcp.example.com/mcp", "auth": "none"}"#, "open"),
        (r#"{"url": "https://mcp.example.com/mcp", "noAuth": true}"#, "open"),
        (r#"{"url": "https://mcp.example.com/mcp", "authentication": {"type": "none"}}"#, "open"),
        // Programs that go to an address.
        (
            r#"{"command": "npx", "args": ["-y", "mcp-remote@latest", "https://mcp.example.com/sse"]}"#,
            "remote",
        ),
        (r#"{"command": "npx", "args": ["mcp-remote", "http://localhost:3000/mcp"]}"#, "local"),
        (r#"{"command": "npx mcp-remote https://mcp.example.com/sse --header Authorization:canary"}"#, "key"),
        (
            r#"{"command": "npx", "args": ["mcp-remote", "https://mcp.example.com/sse", "--header", "X-Region: eu"]}"#,
            "remote",
        ),
        (
            r#"{"args": ["mcp-remote", "https://mcp.example.com/sse", "--static-oauth-client-info", "{}"], "command": "npx"}"#,
            "login",
        ),
        (
            r#"{"command": "uvx", "args": ["mcp-proxy", "https://mcp.example.com/sse", "-H", "Authorization", "canary"]}"#,
            "key",
        ),
        (
            r#"{"command": "npx", "args": ["supergateway", "--sse", "https://mcp.example.com/sse", "--oauth2Bearer", "canary"]}"#,
            "key",
        ),
        (r#"{"command": "npx", "args": ["supergateway", "--stdio", "uvx mcp-server-git"]}"#, "local"),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(server, is)| reached(server) != *is)
        .map(|(server, is)| format!("{server} is {}, not {is}", reached(server)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_only_looks_so_shows_nothing() {
    assert_eq!(told("mcp.json", "{\"chip\": \"MCP3008\"}"), Vec::<String>::new());
    assert_eq!(
        told("config/settings.json", "{\"permissions\": {\"allow\": [\"Bash\"]}}"),
        Vec::<String>::new()
    );
}

#[test]
fn a_broken_file_is_an_error() {
    let pack = RulePack::built_in();
    assert!(artifacts(&pack, &".mcp.json".into(), b"{\"mcpServers\": {").is_err());
}
