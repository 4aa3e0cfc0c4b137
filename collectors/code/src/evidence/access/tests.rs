//! How servers are reached, by one file of code each.

use std::sync::Arc;

use asmm_model::{ComponentKind, Role};
use muster_rules::RulePack;

use super::*;
use crate::program::SourceIndex;
use crate::syntax::{Dialect, Lexicon, Parsers};

/// How the servers of a file are reached.
fn reached(pack: &RulePack, path: &str, code: &str) -> &'static str {
    let path: Arc<str> = Arc::from(path);
    let dialect = Dialect::of(&path).expect("a language");
    let module = Parsers::new()
        .module(&path, dialect, Role::Production, code.as_bytes(), &Lexicon::new(pack))
        .expect("it can be parsed");
    let index = SourceIndex::default();
    let knows = |language, name: &str| pack.knowledge(language, name);
    let program = Program::new(vec![module], &index, &|_, _| true, &knows);
    let detection = Detection::of(&program, pack);
    let is_of_protocol = |hit: &&Hit| detection.rule(hit).kind == Some(ComponentKind::Mcp);
    let hits: Vec<&Hit> = detection.hits.iter().filter(is_of_protocol).collect();
    access(&detection, &hits).map_or("-", Access::name)
}

/// What of the cases is otherwise.
fn wrong(path: &str, cases: &[(&str, &str)]) -> Vec<String> {
    let pack = RulePack::built_in();
    let found = cases.iter().map(|(code, is)| (code, is, reached(&pack, path, code)));
    found
        .filter(|(_, is, found)| *is != found)
        .map(|(code, is, found)| format!("{found}, not {is}: {code}"))
        .collect()
}

#[test]
fn clients_in_python() {
    let sdk = "from mcp import StdioServerParameters\nfrom mcp.client.sse import sse_client\nfrom mcp.client.streamable_http import streamablehttp_client\n";
    let agents = "from agents import HostedMCPTool\nfrom agents.mcp import MCPServerSse, MCPServerStdio, MCPServerStreamableHttp\n";
    let cases = [
        ("StdioServerParameters(command='uvx', args=['mcp-server-git'], env={'API_KEY': key})", "local"),
        ("StdioServerParameters(command='npx', args=['mcp-remote', 'https://mcp.example.com/sse'])", "local"),
        ("streamablehttp_client('http://localhost:8000/mcp')", "local"),
        ("streamablehttp_client(f'http://127.0.0.1:{port}/mcp')", "local"),
        ("streamablehttp_client('https://mcp.example.com/mcp')", "remote"),
        ("streamablehttp_client(os.getenv('MCP_URL', 'http://localhost:8000/mcp'))", "remote"),
        ("def go(url, auth=None):\n    return streamablehttp_client(url, auth=auth)", "remote"),
        (
            "streamablehttp_client('https://mcp.example.com/mcp', headers={'X-Region': 'eu'}, auth=None)",
            "remote",
        ),
        ("streamablehttp_client(url, headers=headers_of(user))", "remote"),
        ("streamablehttp_client(url, headers={'Authorization': f'Bearer {token}'})", "key"),
        ("h = {'X-API-Key': token}\nsse_client(url=url, headers=h)", "key"),
        ("streamablehttp_client('https://mcp.example.com/mcp?apiKey=canary')", "key"),
        ("streamablehttp_client(url, auth=OAuthClientProvider(server_url=url))", "login"),
        ("sse_client(url)\nstreamablehttp_client(url, headers={'Authorization': token})", "remote"),
    ]
    .map(|(code, is)| (format!("{sdk}{code}\n"), is));
    let more = [
        ("MCPServerStdio(params={'command': 'npx', 'args': ['server']})", "local"),
        ("MCPServerSse(params={'url': 'http://localhost:8000/sse'})", "local"),
        ("MCPServerStreamableHttp(name='x', params={'url': 'https://mcp.example.com/mcp'})", "remote"),
        ("MCPServerStreamableHttp(params={'url': url, 'headers': {'Authorization': token}})", "key"),
        ("HostedMCPTool(tool_config={'type': 'mcp', 'server_url': 'https://mcp.example.com/mcp'})", "remote"),
        (
            "HostedMCPTool(tool_config={'type': 'mcp', 'connector_id': 'x', 'authorization': get_token()})",
            "remote",
        ),
        (
            "HostedMCPTool(tool_config={'type': 'mcp', 'connector_id': 'x', 'authorization': 'canary'})",
            "login",
        ),
    ]
    .map(|(code, is)| (format!("{agents}{code}\n"), is));
    let others = [
        (
            "from langchain_mcp_adapters.client import MultiServerMCPClient\nMultiServerMCPClient({'a': {'command': 'python', 'args': ['s.py'], 'transport': 'stdio'}})\n",
            "local",
        ),
        (
            "from langchain_mcp_adapters.client import MultiServerMCPClient\nMultiServerMCPClient({'a': {'command': 'python', 'args': ['s.py']}, 'b': {'url': 'https://mcp.example.com/mcp', 'headers': {'Authorization': t}}})\n",
            "key",
        ),
        (
            "from langchain_mcp_adapters.client import MultiServerMCPClient\nMultiServerMCPClient({'a': {'url': u, 'transport': 'streamable_http'}, 'b': {'url': u, 'headers': {'Authorization': t}}})\n",
            "remote",
        ),
        (
            "from mcp_use import MCPClient\nMCPClient.from_dict({'mcpServers': {'a': {'url': 'https://mcp.example.com', 'auth': {'client_id': c}}}})\n",
            "login",
        ),
        ("from fastmcp import Client\nClient('https://mcp.example.com/mcp')\n", "remote"),
        ("from fastmcp import Client\nClient('https://mcp.example.com/mcp', auth='oauth')\n", "login"),
        ("from fastmcp import Client\nClient('https://mcp.example.com/mcp', auth='canary')\n", "key"),
        (
            "from fastmcp import Client\nfrom fastmcp.client.auth import BearerAuth\nClient('https://mcp.example.com/mcp', auth=BearerAuth(token))\n",
            "key",
        ),
        (
            "from fastmcp import Client\nfrom fastmcp.client.transports import StreamableHttpTransport\nClient(StreamableHttpTransport(url=u, headers={'X-Auth-Token': t}))\n",
            "key",
        ),
        ("from fastmcp import Client\nClient('server.py')\n", "-"),
        ("from fastmcp import Client\nClient(server)\n", "-"),
        (
            "from google.adk.tools.mcp_tool import MCPToolset\nfrom google.adk.tools.mcp_tool.mcp_session_manager import StreamableHTTPConnectionParams\nMCPToolset(connection_params=StreamableHTTPConnectionParams(url=u, headers={'Authorization': t}))\n",
            "key",
        ),
        (
            "from google.adk.tools.mcp_tool import MCPToolset\nfrom google.adk.tools.mcp_tool.mcp_session_manager import StdioConnectionParams\nfrom mcp import StdioServerParameters\nMCPToolset(connection_params=StdioConnectionParams(server_params=StdioServerParameters(command='npx', args=['s'])))\n",
            "local",
        ),
        (
            "from pydantic_ai.mcp import MCPServerStreamableHTTP\nMCPServerStreamableHTTP('http://localhost:8000/mcp')\n",
            "local",
        ),
        (
            "from pydantic_ai.mcp import MCPServerStreamableHTTP\nMCPServerStreamableHTTP('https://mcp.example.com/mcp', headers={'Authorization': t})\n",
            "key",
        ),
    ];
    let of = |(code, is): &(String, &'static str)| (code.clone(), *is);
    let all: Vec<(String, &str)> = (cases.iter().map(of)).chain(more.iter().map(of)).collect();
    let all: Vec<(&str, &str)> = all.iter().map(|(code, is)| (code.as_str(), *is)).chain(others).collect();
    assert_eq!(wrong("app.py", &all), Vec::<String>::new());
}

#[test]
fn servers_in_python() {
    let cases = [
        // How it is run may be said elsewhere.
        ("FastMCP('x')", "-"),
        ("FastMCP('x').run(transport=args.transport)", "-"),
        ("m = FastMCP('x')\nm.run()", "local"),
        ("m = FastMCP('x')\nm.run('stdio')", "local"),
        ("m = FastMCP('x')\nm.run(transport='http', host='127.0.0.1')", "local"),
        ("m = FastMCP('x')\nm.run(transport='http', host='0.0.0.0')", "remote"),
        ("m = FastMCP('x')\nm.run(transport='streamable-http')", "remote"),
        ("m = FastMCP('x', auth=None)\napp = m.http_app()", "remote"),
        ("m = FastMCP('x')\nif remote:\n    m.run(transport='sse')\nelse:\n    m.run()", "remote"),
        ("m = FastMCP('x', auth=JWTVerifier(jwks_uri=u))\nm.run(transport='http')", "login"),
        ("m = FastMCP('x', auth=BearerAuthProvider(jwks_uri=u))\nm.run(transport='http')", "login"),
        ("m = FastMCP('x', auth=auth if secure else None)\nm.run(transport='http')", "remote"),
        ("m = FastMCP('x', auth=JWTVerifier(jwks_uri=u))\nm.run()", "local"),
        ("m = FastMCP('x', auth=JWTVerifier(jwks_uri=u))", "login"),
        (
            "a = FastMCP('a', auth=JWTVerifier(jwks_uri=u))\nb = FastMCP('b')\nb.run(transport='http')",
            "remote",
        ),
    ]
    .map(|(code, is)| (format!("from fastmcp import FastMCP\n{code}\n"), is));
    let sdk = [
        (
            "from mcp.server.fastmcp import FastMCP\nm = FastMCP('x', token_verifier=Verifier(), auth=AuthSettings(issuer_url=u))\nm.run(transport='streamable-http')\n",
            "login",
        ),
        (
            "from mcp.server import Server\nfrom mcp.server.stdio import stdio_server\ns = Server('x')\nstdio_server()\n",
            "local",
        ),
        (
            "from mcp.server import Server\nfrom mcp.server.sse import SseServerTransport\ns = Server('x')\nSseServerTransport('/messages')\n",
            "remote",
        ),
    ];
    let all: Vec<(&str, &str)> = cases.iter().map(|(code, is)| (code.as_str(), *is)).chain(sdk).collect();
    assert_eq!(wrong("server.py", &all), Vec::<String>::new());
}

#[test]
fn both_in_typescript() {
    let client = "import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';\nimport { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';\n";
    let cases = [
        ("new StdioClientTransport({ command: 'npx', args: ['server'] });", "local"),
        ("new StreamableHTTPClientTransport(new URL('http://localhost:3000/mcp'));", "local"),
        ("new StreamableHTTPClientTransport(new URL(address));", "remote"),
        ("new StreamableHTTPClientTransport(new URL('https://mcp.example.com/mcp'), { requestInit: { headers: { Authorization: `Bearer ${t}` } } });", "key"),
        ("const authProvider = new Provider();\nnew StreamableHTTPClientTransport(new URL(address), { authProvider });", "login"),
        ("export const open = (authProvider?: Provider) => new StreamableHTTPClientTransport(new URL(address), { authProvider });", "remote"),
    ]
    .map(|(code, is)| (format!("{client}{code}\n"), is));
    let others = [
        (
            "import { hostedMcpTool } from '@openai/agents';\nhostedMcpTool({ serverLabel: 'x', serverUrl: 'https://mcp.example.com/mcp' });\n",
            "remote",
        ),
        (
            "import { MultiServerMCPClient } from '@langchain/mcp-adapters';\nnew MultiServerMCPClient({ mcpServers: { a: { url: 'https://mcp.example.com/mcp', headers: { 'x-api-key': k } } } });\n",
            "key",
        ),
        (
            "import { createMCPClient } from '@ai-sdk/mcp';\nawait createMCPClient({ transport: { type: 'http', url: 'https://mcp.example.com/mcp', headers: { Authorization: k } } });\n",
            "key",
        ),
        (
            "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';\nimport { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';\nconst s = new McpServer({ name: 'x', version: '1' });\nawait s.connect(new StdioServerTransport());\n",
            "local",
        ),
        (
            "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';\nimport { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';\nconst s = new McpServer({ name: 'x', version: '1' });\nawait s.connect(new StreamableHTTPServerTransport({ sessionIdGenerator: undefined }));\n",
            "remote",
        ),
        (
            "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';\nimport { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';\nimport { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';\nconst s = new McpServer({ name: 'x', version: '1' });\napp.post('/mcp', requireBearerAuth({ verifier }), handle);\nawait s.connect(new StreamableHTTPServerTransport({}));\n",
            "login",
        ),
        (
            "import { FastMCP } from 'fastmcp';\nconst s = new FastMCP({ name: 'x', version: '1.0.0', authenticate: async (request) => check(request) });\ns.start({ transportType: 'httpStream', httpStream: { port: 8080 } });\n",
            "key",
        ),
        (
            "import { FastMCP } from 'fastmcp';\nconst s = new FastMCP({ name: 'x', version: '1.0.0' });\ns.start({ transportType: 'stdio' });\n",
            "local",
        ),
    ];
    let all: Vec<(&str, &str)> = cases.iter().map(|(code, is)| (code.as_str(), *is)).chain(others).collect();
    assert_eq!(wrong("app.ts", &all), Vec::<String>::new());
}

#[test]
fn both_in_other_languages() {
    let go = [
        (
            "package main\n\nimport \"github.com/mark3labs/mcp-go/server\"\n\nfunc main() {\n\tserver.ServeStdio(server.NewMCPServer(\"x\", \"1\"))\n}\n",
            "local",
        ),
        (
            "package main\n\nimport \"github.com/mark3labs/mcp-go/server\"\n\nfunc main() {\n\tserver.NewStreamableHTTPServer(server.NewMCPServer(\"x\", \"1\")).Start(\":8080\")\n}\n",
            "remote",
        ),
        (
            "package main\n\nimport \"github.com/modelcontextprotocol/go-sdk/mcp\"\n\nfunc main() {\n\tserver := mcp.NewServer(&mcp.Implementation{Name: \"x\"}, nil)\n\tserver.Run(ctx, &mcp.StdioTransport{})\n}\n",
            "local",
        ),
        (
            "package main\n\nimport \"github.com/modelcontextprotocol/go-sdk/mcp\"\n\nfunc main() {\n\tmcp.NewClient(nil, nil).Connect(ctx, &mcp.StreamableClientTransport{Endpoint: \"http://localhost:8080/mcp\"}, nil)\n}\n",
            "local",
        ),
        (
            "package main\n\nimport \"github.com/modelcontextprotocol/go-sdk/mcp\"\n\nfunc main() {\n\tmcp.NewClient(nil, nil).Connect(ctx, &mcp.StreamableClientTransport{Endpoint: address}, nil)\n}\n",
            "remote",
        ),
    ];
    assert_eq!(wrong("main.go", &go), Vec::<String>::new());
    let csharp = [
        (
            "using ModelContextProtocol.Server;\n\nbuilder.Services.AddMcpServer().WithStdioServerTransport().WithToolsFromAssembly();\n",
            "local",
        ),
        (
            "using ModelContextProtocol.Server;\n\nbuilder.Services.AddMcpServer().WithHttpTransport().WithToolsFromAssembly();\n",
            "remote",
        ),
        (
            "using ModelContextProtocol.Client;\n\nvar t = new StdioClientTransport(new StdioClientTransportOptions { Command = \"npx\" });\n",
            "local",
        ),
    ];
    assert_eq!(wrong("Program.cs", &csharp), Vec::<String>::new());
    let rust = [
        (
            "use rmcp::transport::stdio;\nuse rmcp::ServiceExt;\n\nasync fn main() {\n    Desk.serve(stdio()).await;\n}\n",
            "local",
        ),
        (
            "use rmcp::transport::streamable_http_server::StreamableHttpService;\n\nfn main() {\n    let s = StreamableHttpService::new(make, sessions, config);\n}\n",
            "remote",
        ),
    ];
    assert_eq!(wrong("main.rs", &rust), Vec::<String>::new());
    let ruby = [(
        "require \"mcp\"\n\nserver = MCP::Server.new(name: \"x\", tools: [])\nMCP::Server::Transports::StdioTransport.new(server).open\n",
        "local",
    )];
    assert_eq!(wrong("server.rb", &ruby), Vec::<String>::new());
    let java = [
        (
            "import io.modelcontextprotocol.client.transport.HttpClientSseClientTransport;\n\nclass A {\n    Object t = HttpClientSseClientTransport.builder(\"https://mcp.example.com\").build();\n}\n",
            "remote",
        ),
        (
            "import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;\n\nclass A {\n    Object t = new StdioServerTransportProvider(mapper);\n}\n",
            "local",
        ),
    ];
    assert_eq!(wrong("A.java", &java), Vec::<String>::new());
}

/// Maps that hold each other's names, each of them many times.
#[test]
fn settings_of_any_width_end() {
    let mut code = String::from("from fastmcp import Client\nm0 = {'url': 'https://mcp.example.com'}\n");
    for level in 1..8 {
        let entries: Vec<String> = (0..60).map(|key| format!("'k{key}': m{}", level - 1)).collect();
        code = format!("{code}m{level} = {{{}}}\n", entries.join(", "));
    }
    code.push_str("Client(m7)\n");
    let pack = RulePack::built_in();
    assert_eq!(reached(&pack, "app.py", &code), "-");
    let near = code.replace("Client(m7)", "Client(m2)");
    assert_eq!(reached(&pack, "app.py", &near), "remote");
}
