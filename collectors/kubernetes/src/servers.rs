//! Servers of the Model Context Protocol that objects run, lead to or stand in front of, and how these are reached.

use asmm_model::Access;
use serde_json::Value;

use crate::object::Object;

/// How the server that an object is about is reached; `None` for objects of another kind.
///
/// Operators put a proxy in front of a server that only speaks over pipes, so that one too is reached over the network of the
/// cluster. That nothing asks there who connects is not said by leaving something out: a gateway or a policy may.
pub(crate) fn access(object: &Object) -> Option<Access> {
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let has = |paths: &[&str]| paths.iter().any(|path| spec.pointer(path).is_some_and(is_set));
    let sends_key = |paths: &[&str]| paths.iter().filter_map(|path| spec.pointer(path)).any(has_key);
    let access = match object.kind_for_rules().as_str() {
        "kagent.dev/ToolServer" if has(&["/config/stdio"]) => Access::Local,
        "kagent.dev/RemoteMCPServer" | "kagent.dev/ToolServer" | "ark.mckinsey.com/MCPServer"
            if sends_key(&["", "/config/sse", "/config/streamableHttp"]) =>
        {
            Access::Key
        }
        "toolhive.stacklok.dev/MCPServer" | "toolhive.stacklok.dev/MCPRemoteProxy"
            if has(&["/oidcConfig", "/oidcConfigRef", "/authServerRef"]) =>
        {
            Access::Login
        }
        "toolhive.stacklok.dev/VirtualMCPServer" => match spec.pointer("/incomingAuth/type") {
            Some(Value::String(kind)) if kind == "anonymous" => Access::Open,
            Some(Value::String(kind)) if kind == "oidc" => Access::Login,
            _ => Access::Remote,
        },
        "toolhive.stacklok.dev/MCPServerEntry" | "aigateway.envoyproxy.io/MCPRoute"
            if has(&["/externalAuthConfigRef", "/securityPolicy/oauth"]) =>
        {
            Access::Login
        }
        "toolhive.stacklok.dev/MCPServerEntry"
        | "mcp.kuadrant.io/MCPServerRegistration"
        | "aigateway.envoyproxy.io/MCPRoute"
            if has(&[
                "/headerForward/addHeadersFromSecret",
                "/credentialRef",
                "/securityPolicy/apiKeyAuth",
            ]) =>
        {
            Access::Key
        }
        "kagent.dev/RemoteMCPServer"
        | "kagent.dev/MCPServer"
        | "kagent.dev/ToolServer"
        | "ark.mckinsey.com/MCPServer"
        | "toolhive.stacklok.dev/MCPServer"
        | "toolhive.stacklok.dev/MCPRemoteProxy"
        | "toolhive.stacklok.dev/MCPServerEntry"
        | "mcp.kuadrant.io/MCPServerRegistration"
        | "aigateway.envoyproxy.io/MCPRoute" => Access::Remote,
        _ => return None,
    };
    Some(access)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Whether a header is filled from a secret, or bears the name of one that carries a key; what it is set to is not looked at.
fn has_key(spec: &Value) -> bool {
    let listed = ["headersFrom", "headers"].into_iter().filter_map(|key| spec.get(key));
    let named = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["authorization", "key", "token", "secret"].iter().any(|end| name.ends_with(end))
    };
    listed.into_iter().any(|headers| match headers {
        Value::Array(items) => items
            .iter()
            .any(|item| item.get("name").and_then(Value::as_str).is_some_and(named) || is_from_secret(item)),
        Value::Object(fields) => fields.keys().any(|name| named(name)),
        _ => false,
    })
}

/// `valueFrom` as each of the operators writes it.
fn is_from_secret(item: &Value) -> bool {
    let from = ["/valueFrom", "/value/valueFrom"].iter().find_map(|path| item.pointer(path));
    from.is_some_and(|from| {
        let is_secret = |key: &str| ["secret", "secretRef", "secretKeyRef"].contains(&key);
        from.get("type").and_then(Value::as_str) == Some("Secret")
            || from.as_object().is_some_and(|fields| fields.keys().any(|key| is_secret(key)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn servers_are_reached_as_their_objects_say() {
        let key = json!([{"name": "X-Tenant", "valueFrom": {"type": "Secret", "name": "s", "key": "k"}}]);
        let map = json!([{"name": "X-Tenant", "valueFrom": {"type": "ConfigMap", "name": "c", "key": "k"}}]);
        let url = "https://mcp.example.com/mcp";
        let cases = [
            ("kagent.dev/v1alpha2", "RemoteMCPServer", json!({"url": url}), Some("remote")),
            (
                "kagent.dev/v1alpha2",
                "RemoteMCPServer",
                json!({"url": url, "headersFrom": map}),
                Some("remote"),
            ),
            ("kagent.dev/v1alpha2", "RemoteMCPServer", json!({"url": url, "headersFrom": key}), Some("key")),
            (
                "kagent.dev/v1alpha2",
                "RemoteMCPServer",
                json!({"url": url, "headersFrom": [{"name": "Authorization", "value": "canary"}]}),
                Some("key"),
            ),
            ("kagent.dev/v1alpha1", "MCPServer", json!({"transportType": "stdio"}), Some("remote")),
            (
                "kagent.dev/v1alpha1",
                "ToolServer",
                json!({"config": {"stdio": {"command": "npx"}}}),
                Some("local"),
            ),
            ("kagent.dev/v1alpha1", "ToolServer", json!({"config": {"sse": {"url": url}}}), Some("remote")),
            (
                "kagent.dev/v1alpha1",
                "ToolServer",
                json!({"config": {"streamableHttp": {"url": url, "headers": {"Authorization": "canary"}}}}),
                Some("key"),
            ),
            (
                "ark.mckinsey.com/v1alpha1",
                "MCPServer",
                json!({"headers": [{"name": "X", "value": {"valueFrom": {"secretKeyRef": {"name": "s"}}}}]}),
                Some("key"),
            ),
            ("toolhive.stacklok.dev/v1alpha1", "MCPServer", json!({"transport": "stdio"}), Some("remote")),
            (
                "toolhive.stacklok.dev/v1beta1",
                "MCPServer",
                json!({"oidcConfigRef": {"name": "okta"}}),
                Some("login"),
            ),
            ("toolhive.stacklok.dev/v1beta1", "MCPRemoteProxy", json!({"oidcConfig": {}}), Some("remote")),
            (
                "toolhive.stacklok.dev/v1beta1",
                "VirtualMCPServer",
                json!({"incomingAuth": {"type": "anonymous"}}),
                Some("open"),
            ),
            (
                "toolhive.stacklok.dev/v1beta1",
                "VirtualMCPServer",
                json!({"incomingAuth": {"type": "oidc"}}),
                Some("login"),
            ),
            ("toolhive.stacklok.dev/v1beta1", "VirtualMCPServer", json!({}), Some("remote")),
            (
                "toolhive.stacklok.dev/v1beta1",
                "MCPServerEntry",
                json!({"remoteUrl": url, "headerForward": {"addHeadersFromSecret": [{"headerName": "X"}]}}),
                Some("key"),
            ),
            (
                "aigateway.envoyproxy.io/v1alpha1",
                "MCPRoute",
                json!({"securityPolicy": {"oauth": {"issuer": url}}}),
                Some("login"),
            ),
            ("toolhive.stacklok.dev/v1beta1", "MCPGroup", json!({}), None),
            ("maps.example.com/v1", "MCPServer", json!({}), None),
        ];
        for (version, kind, spec, expected) in cases {
            let body = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "it"}, "spec": spec});
            let found = access(&Object::all(body.clone()).remove(0)).map(Access::name);
            assert_eq!(found, expected, "{body}");
        }
    }
}
