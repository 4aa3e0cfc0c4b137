//! Tests of what files show.

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
                "{} {} [{}] {} {}{}{}",
                server.line,
                server.name,
                package.unwrap_or_default(),
                server.reached,
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
            "3 files [@modelcontextprotocol/server-filesystem 2025.8.21] launched by `npx` from `@modelcontextprotocol/server-filesystem` ",
            "4 git [mcp-server-git -] launched by `uvx` from `mcp-server-git`, in no fixed version  unattended",
            "5 github [ghcr.io/github/github-mcp-server v0.9] launched by `docker` from `ghcr.io/github/github-mcp-server` GITHUB_TOKEN@8",
            "10 tickets [] a remote server at `mcp.example.com` TICKETS_TOKEN@10",
            "11 own [] launched by `python` ",
            "12 off [x-server -] launched by `npx` from `x-server`, in no fixed version  disabled",
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
            "3 docs [docs-mcp 1.2] launched by `uvx` from `docs-mcp` DOCS_TOKEN@3",
        ]
    );
    let opencode = "{\"mcp\": {\"web\": {\"type\": \"local\", \"command\": [\"bunx\", \"web-mcp\"], \"environment\": {\"WEB_API_KEY\": \"canary\"}}}}";
    assert_eq!(
        told("opencode.json", opencode),
        [
            "1 configures-opencode ",
            "1 web [web-mcp -] launched by `bunx` from `web-mcp`, in no fixed version WEB_API_KEY@1",
        ]
    );
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
