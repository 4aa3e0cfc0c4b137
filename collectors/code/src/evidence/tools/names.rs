//! What tools are called: the texts that name them, and names in the spellings of several languages.

use muster_rules::ToolArgument;

use super::Tools;
use crate::program::{CallSite, Spot};
use crate::syntax::Expr;

impl<'p> Tools<'_, 'p> {
    /// The text that a value is, also where a call only wraps it: `openai.String("x")`, `"x".to_string()`.
    pub(super) fn text_of(&self, spot: Spot, value: &'p Expr) -> Option<String> {
        let (spot, value) = self.detection.program.value_of(spot, value);
        match value {
            Expr::Text(text) => Some(text.to_string()),
            // `Tools.REMOVE.value`: the text behind a member of an enumeration.
            Expr::Member(object, name) if matches!(&**name, "value" | "Value" | "rawValue") => {
                match self.detection.program.value_of(spot, object).1 {
                    Expr::Text(text) => Some(text.to_string()),
                    _ => None,
                }
            }
            Expr::Call(call) => {
                let call = self.detection.program.module(spot.module).call(*call);
                let inner = match (&call.arguments[..], &call.callee) {
                    ([only], _) => &only.value,
                    ([], Expr::Member(object, _)) => &**object,
                    _ => return None,
                };
                match inner {
                    Expr::Text(text) => Some(text.to_string()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn text_argument(&self, site: CallSite, argument: &str) -> Option<String> {
        let (_, value) = self.detection.arguments(site).value(&ToolArgument(argument.to_owned()))?;
        match value {
            Expr::Text(text) if is_tool_name(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The name that a statement gives to what a call made: `definition.Name = "remove"`.
    pub(super) fn name_set_later(&self, site: CallSite) -> Option<String> {
        let module = self.detection.program.module(site.module);
        let made = Expr::Call(site.call);
        let variable = module.bindings.iter().find(|binding| binding.value == made)?;
        let setting = module.settings.iter().find(|setting| {
            setting.variable == variable.name
                && setting.within == variable.within
                && is_spelled(&setting.key, "name")
        })?;
        let spot = Spot { module: site.module, function: setting.within };
        self.text_of(spot, &setting.value).filter(|name| is_tool_name(name))
    }

    /// The name that a chain of calls gives to what it puts together.
    pub(super) fn described(&self, site: CallSite) -> Option<String> {
        let program = self.detection.program;
        if let Some(name) =
            ["name", "Name", "with_name", "function_name"].iter().find_map(|n| self.text_argument(site, n))
        {
            return Some(name);
        }
        let mut at = site;
        let mut describes = false;
        for _ in 0..20 {
            let call = program.module(at.module).call(at.call);
            let Expr::Member(object, method) = &call.callee else { break };
            describes |=
                method.contains("escription") || method.contains("arameter") || method.contains("chema");
            let Expr::Call(next) = &**object else { break };
            at = CallSite { module: at.module, call: *next };
        }
        if describes { self.text_argument(at, "@0") } else { None }
    }

    /// The first text of the call that is the first argument: `NewTool("cancel")` of `AddTool(NewTool("cancel"), f)`.
    /// The name in a description that a call is given: `.tool(Tool.builder().name("remove").build())`.
    pub(super) fn described_within(&self, site: CallSite) -> Option<String> {
        let given = self.detection.arguments(site);
        ["tool", "@0"].iter().find_map(|argument| {
            let (spot, value) = given.value(&ToolArgument((*argument).to_owned()))?;
            let Expr::Call(call) = value else { return None };
            self.described(CallSite { module: spot.module, call: *call })
        })
    }

    /// The server that a connection starts, by the package or file that is run: `server-files` of
    /// `StdioServer("npx", ["-y", "@acme/server-files@1"])`.
    pub(super) fn started_by(&self, site: CallSite) -> Option<String> {
        let given = self.detection.arguments(site);
        ["args", "params.args", "server_params.args", "@0.args", "@1"].iter().find_map(|argument| {
            let (spot, value) = given.value(&ToolArgument((*argument).to_owned()))?;
            let Expr::List(values) = value else { return None };
            let mut after_flag = false;
            values.iter().take(20).find_map(|value| {
                let (_, Expr::Text(text)) = self.detection.program.value_of(spot, value) else {
                    after_flag = false;
                    return None;
                };
                // What follows a flag may be anything, also a secret.
                let is_value = std::mem::replace(&mut after_flag, text.starts_with('-'));
                let is_switch = matches!(&**text, "-y" | "--yes" | "-q" | "--quiet" | "-m" | "-jar");
                after_flag &= !is_switch;
                let text = text.rsplit('/').next().unwrap_or(text).split('@').next()?;
                (!is_value && is_tool_name(text) && is_server_name(text)).then(|| text.to_owned())
            })
        })
    }

    pub(super) fn text_within(&self, site: CallSite) -> Option<String> {
        let (spot, value) = self.detection.arguments(site).value(&ToolArgument("@0".to_owned()))?;
        let Expr::Call(call) = value else { return None };
        self.text_argument(CallSite { module: spot.module, call: *call }, "@0")
    }
}

/// Whether a text can be what a tool is called: no sentence, no path or flag, and no kind of content.
pub(super) fn is_tool_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '$'))
        && !text.contains(|c: char| {
            c.is_whitespace() || matches!(c, '\\' | '<' | '>' | '(' | ')' | ',' | ';' | '"')
        })
}

/// Whether a word of a command is the package or the file of a server.
fn is_server_name(word: &str) -> bool {
    const FILES: [&str; 10] = [".py", ".js", ".mjs", ".cjs", ".ts", ".jar", ".rb", ".php", ".csproj", ".dll"];
    let word = word.to_ascii_lowercase();
    word.contains("mcp") || word.contains("server") || FILES.iter().any(|file| word.ends_with(file))
}

/// Whether a key is that name in the spelling of some language: `input_schema`, `inputSchema`, `InputSchema`.
pub(super) fn is_spelled(key: &str, name: &str) -> bool {
    let plain = |text: &'_ str| {
        text.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    key == name || (key.len() >= name.len() && plain(key) == plain(name))
}

/// The telling part of a resolved name: `FileToolkit` of `kit.FileToolkit.get_tools`.
pub(super) fn object_name(name: &str) -> &str {
    let mut parts = name.rsplit(['.', '#']).filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or(name);
    let is_accessor = [
        "get_",
        "getTools",
        "as_",
        "to_",
        "from_",
        "load",
        "list",
        "tools",
        "default",
        "__getitem__",
        "definitions",
        "with",
        "With",
    ]
    .iter()
    .any(|accessor| last.starts_with(accessor))
        || MAKERS.contains(&last);
    if is_accessor { parts.next().unwrap_or(last) } else { last }
}

/// Calls that make or hand on what stands before them.
const MAKERS: [&str; 18] = [
    "make",
    "create",
    "Create",
    "CreateAsync",
    "builder",
    "build",
    "Build",
    "new",
    "New",
    "ToList",
    "ToArray",
    "Select",
    "Cast",
    "AsEnumerable",
    "toList",
    "collect",
    "into",
    "clone",
];

pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split(['_', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

pub(super) fn pascal(name: &str) -> String {
    let name = camel(name);
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

pub(crate) fn snake(name: &str) -> String {
    let mut all = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !all.is_empty() {
            all.push('_');
        }
        all.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessors_do_not_name_a_tool() {
        assert_eq!(object_name("kit.FileToolkit.get_tools"), "FileToolkit");
        assert_eq!(object_name("crewai_tools.SerperDevTool"), "SerperDevTool");
        assert_eq!(object_name("execa#default"), "execa");
    }

    #[test]
    fn spellings_of_one_name() {
        assert_eq!(camel("send_refund-now"), "sendRefundNow");
        assert_eq!(snake("sendRefundNow"), "send_refund_now");
        assert_eq!(snake("send-refund"), "send_refund");
    }
}
