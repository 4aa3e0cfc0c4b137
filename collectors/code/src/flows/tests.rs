//! Tests of exports of low-code products.

use super::*;

/// What an export holds, one line for each step.
fn told(path: &str, text: &str) -> Vec<String> {
    let found = flow(&path.into(), text.as_bytes()).expect("it can be read");
    let steps = found.iter().flat_map(|flow| &flow.steps);
    steps.map(|step| format!("{} {} {:?}", step.line, step.name, step.what)).collect()
}

const N8N: &str = r#"{
  "name": "Desk",
  "nodes": [
    {"name": "Mail comes", "type": "n8n-nodes-base.gmailTrigger", "parameters": {}},
    {"name": "Agent", "type": "@n8n/n8n-nodes-langchain.agent", "parameters": {}},
    {"name": "Model", "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "parameters": {"model": {"value": "gpt-4o-mini"}}, "credentials": {"openAiApi": {"id": "1", "name": "canary"}}},
    {"name": "Answer", "type": "n8n-nodes-base.gmailTool", "parameters": {"operation": "send"}},
    {"name": "Look up", "type": "@n8n/n8n-nodes-langchain.toolHttpRequest", "parameters": {"url": "https://example.com"}},
    {"name": "Refund", "type": "n8n-nodes-base.httpRequestTool", "parameters": {"method": "POST"}},
    {"name": "Ask first", "type": "n8n-nodes-base.slackHitlTool", "parameters": {}},
    {"name": "Memory", "type": "@n8n/n8n-nodes-langchain.memoryPostgresChat", "parameters": {}},
    {"name": "Off", "type": "n8n-nodes-base.slackTool", "disabled": true}
  ],
  "connections": {
    "Answer": {"ai_tool": [[{"node": "Agent", "type": "ai_tool", "index": 0}]]},
    "Look up": {"ai_tool": [[{"node": "Agent", "type": "ai_tool", "index": 0}]]},
    "Refund": {"ai_tool": [[{"node": "Ask first", "type": "ai_tool", "index": 0}]]},
    "Ask first": {"ai_tool": [[{"node": "Agent", "type": "ai_tool", "index": 0}]]}
  }
}"#;

#[test]
fn an_agent_of_n8n() {
    assert_eq!(
        told("flow.json", N8N),
        [
            "4 Mail comes Trigger { kind: Event, value: \"gmailTrigger\", is_open: true }",
            "5 Agent Agent",
            "6 openAiApi Credential",
            "6 openai Provider",
            "6 gpt-4o-mini Model",
            "7 Answer Tool { effect: Send, gate: None }",
            "8 Look up Tool { effect: Read, gate: None }",
            "9 Refund Tool { effect: Write, gate: Each }",
            "11 Memory Memory",
        ]
    );
}

#[test]
fn a_broken_export_is_an_error() {
    let cut = &N8N[..N8N.len() / 2];
    assert!(flow(&"flow.json".into(), cut.as_bytes()).is_err());
}

#[test]
fn an_application_of_dify() {
    let chat = "kind: app\napp:\n  name: Desk\n  mode: agent-chat\nmodel_config:\n  model:\n    name: gpt-4o\n  agent_mode:\n    tools:\n      - enabled: true\n        provider_name: tavily\n        tool_name: tavily_search\n      - enabled: true\n        provider_name: slack\n        tool_name: send_message\n      - enabled: false\n        tool_name: delete_all\n";
    assert_eq!(
        told("desk.yml", chat),
        [
            "4 Desk Agent",
            "10 tavily_search Tool { effect: Read, gate: None }",
            "13 send_message Tool { effect: Send, gate: None }",
            "7 gpt-4o Model",
            "4 Desk Trigger { kind: Manual, value: \"request\", is_open: true }",
        ]
    );
    let graph = "kind: app\napp:\n  name: Digest\n  mode: workflow\nworkflow:\n  graph:\n    nodes:\n      - data:\n          type: trigger-schedule\n          title: Daily\n          cron_expression: 0 6 * * *\n      - data:\n          type: llm\n          title: Summarise\n          model:\n            name: claude-sonnet-4-5\n";
    assert_eq!(
        told("digest.yaml", graph),
        [
            "9 Daily Trigger { kind: Schedule, value: \"0 6 * * *\", is_open: false }",
            "13 Summarise Ask",
            "16 claude-sonnet-4-5 Model",
        ]
    );
}

#[test]
fn an_agentflow_of_flowise() {
    let text = r#"{"nodes": [
{"data": {"name": "agentAgentflow", "label": "Desk", "baseClasses": ["Agent"], "inputAnchors": [], "inputs": {"agentTools": [
{"agentSelectedTool": "gmail", "agentSelectedToolRequiresHumanInput": true},
{"agentSelectedTool": "tavilyAPI"}], "agentModelConfig": {"modelName": "gpt-4o"}}}}], "edges": []}"#;
    assert_eq!(
        told("flow.json", text),
        [
            "2 Desk Agent",
            "3 gmail Tool { effect: Unknown, gate: Each }",
            "4 tavilyAPI Tool { effect: Read, gate: None }",
            "4 gpt-4o Model",
            "2  Trigger { kind: Manual, value: \"request\", is_open: true }",
        ]
    );
}

#[test]
fn a_flow_of_langflow() {
    let text = r#"{"name": "Desk", "last_tested_version": "1.5", "data": {"nodes": [
{"id": "in", "data": {"id": "in", "type": "ChatInput"}},
{"id": "py", "data": {"id": "py", "type": "PythonREPLComponent", "node": {"display_name": "Python"}}},
{"id": "ag", "data": {"id": "ag", "type": "Agent", "node": {"display_name": "Agent", "template": {"model_name": {"value": "gpt-4o"}}}}}],
"edges": [{"source": "py", "target": "ag", "data": {"targetHandle": {"fieldName": "tools"}}}]}}"#;
    assert_eq!(
        told("flow.json", text),
        [
            "2 ChatInput Trigger { kind: Manual, value: \"ChatInput\", is_open: true }",
            "3 Python Tool { effect: Execute, gate: None }",
            "4 Agent Agent",
            "4 gpt-4o Model",
        ]
    );
}

#[test]
fn other_graphs_are_none() {
    assert_eq!(
        told("graph.json", "{\"nodes\": [{\"type\": \"n8n-nodes-base.gmail\"}]}"),
        Vec::<String>::new()
    );
    assert_eq!(told("app.yml", "kind: app\napp:\n  mode: production\n"), Vec::<String>::new());
}
