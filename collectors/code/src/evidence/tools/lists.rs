//! Lists, maps and names of tools, followed to what they hold.

use asmm_model::Effect;
use muster_rules::{Language, Means, SiteKind};

use super::names::{is_spelled, object_name};
use super::passed::RUNS;
use super::{MAX_TOOLS, ToolList, ToolSource, Tools};
use crate::program::{CallSite, Meaning, Routine, Spot};
use crate::syntax::{CallId, Expr, TYPE_ARGUMENT};

impl<'p> Tools<'_, 'p> {
    /// The tools that a value is or holds.
    pub(super) fn expand(&self, spot: Spot, value: &'p Expr, key: Option<&str>, depth: u8) -> ToolList {
        let mut list = ToolList::default();
        let Some(depth) = depth.checked_sub(1) else {
            list.open = true;
            return list;
        };
        // A call that a rule knows is looked at before it is followed to what it returns.
        if let Some(tool) = self.known_call(spot, value, key, depth) {
            return tool;
        }
        match value {
            Expr::List(values) if self.method_of(spot, values).is_some() => {
                list.tools.extend(self.method_of(spot, values).map(|routine| self.function(routine, key)));
            }
            Expr::List(values) | Expr::Choice(values) => {
                self.within.borrow_mut().push(value);
                for value in values.iter().take(MAX_TOOLS) {
                    list.extend(self.expand(spot, value, None, depth));
                }
                self.within.borrow_mut().pop();
            }
            Expr::Spread(inner) if self.is_itself(spot, inner) => {
                list.extend(self.before(spot, inner, depth));
            }
            Expr::Spread(inner) => list.extend(self.expand(spot, inner, None, depth)),
            Expr::Map(entries) => {
                let entries: Vec<(&str, &Expr)> =
                    entries.iter().map(|(key, value)| (&**key, value)).collect();
                list.extend(self.map(spot, &entries, key, depth));
            }
            Expr::Call(id) if self.is_record(spot, *id) => {
                let call = self.detection.program.module(spot.module).call(*id);
                let spot = Spot { module: spot.module, function: call.within };
                let mut entries: Vec<(&str, &Expr)> = call
                    .arguments
                    .iter()
                    .map(|a| (a.name.as_deref().unwrap_or_default(), &a.value))
                    .collect();
                if let Some(class) = self.foreign_class(CallSite { module: spot.module, call: *id })
                    && !describes_a_tool(&entries)
                {
                    // Settings of an object of another library are no tools; it is one itself, if it holds none.
                    entries.retain(|(_, value)| !self.is_setting(spot, value, depth));
                    if entries.is_empty() {
                        let mut tool = self.named(spot.module, &class, call.line);
                        tool.source = ToolSource::Opaque;
                        list.tools.push(tool);
                    }
                }
                list.extend(self.map(spot, &entries, key, depth));
            }
            Expr::Function(function) => {
                let routine = Routine { module: spot.module, function: Some(*function) };
                list.tools.push(self.function(routine, key));
            }
            Expr::Class(class) => list.tools.push(self.class(spot.module, *class, key)),
            // A text that is told to a model names no tool.
            Expr::Text(text) if !can_name(text) => list.open = true,
            Expr::Text(text) => list.tools.push(self.named(spot.module, text, self.line_of(spot))),
            // `None` of Rust is nothing.
            Expr::Name(name) if &**name == "None" => {}
            Expr::Literal(_) => {}
            Expr::Name(name) => {
                list.extend(self.followed(spot, value, key, depth));
                list.extend(self.filled(spot, name, depth));
                list.extend(self.rebound(spot, name, depth));
            }
            Expr::Member(object, name) => {
                list.extend(self.followed(spot, value, key, depth));
                list.extend(self.set_elsewhere(spot, object, name, depth));
            }
            Expr::Call(call) => {
                let mut found = self.followed(spot, value, key, depth);
                found.extend(self.other_answers(CallSite { module: spot.module, call: *call }, depth));
                let runs = found.tools.iter().any(|tool| !tool.handlers.is_empty());
                let described = if runs { None } else { self.described_by_call(spot, *call, key, depth) };
                let wrapped =
                    described.or_else(|| if runs { None } else { self.wrapped(spot, *call, depth) });
                list.extend(wrapped.unwrap_or(found));
            }
            Expr::Unknown => list.open = true,
        }
        list
    }

    /// Whether a value is a list that is being gone through, as in `tools = append(tools, x)`.
    pub(super) fn is_itself(&self, spot: Spot, value: &'p Expr) -> bool {
        let program = self.detection.program;
        let language = program.module(spot.module).dialect.language();
        let by_append = !matches!(language, Language::Python | Language::JavaScript);
        by_append && self.within.borrow().contains(&std::ptr::from_ref(program.value_of(spot, value).1))
    }

    /// What such a list held before it was made longer.
    pub(super) fn before(&self, spot: Spot, value: &'p Expr, depth: u8) -> ToolList {
        let mut list = ToolList::default();
        let Expr::Name(name) = value else {
            list.open = true;
            return list;
        };
        for (spot, value) in self.detection.program.bound_values(spot, name) {
            let is_open = self.within.borrow().contains(&std::ptr::from_ref(value));
            // A list that is only declared holds nothing yet.
            if !is_open && !matches!(value, Expr::Name(_) | Expr::Member(..) | Expr::Unknown) {
                list.extend(self.expand(spot, value, None, depth));
            }
        }
        list
    }

    /// Whether a call only puts named values together, as a struct literal does.
    pub(super) fn is_record(&self, spot: Spot, call: CallId) -> bool {
        let program = self.detection.program;
        let found = program.module(spot.module).call(call);
        let site = CallSite { module: spot.module, call };
        !found.arguments.is_empty()
            && found
                .arguments
                .iter()
                .all(|a| a.name.as_deref().is_some_and(|name| name != TYPE_ARGUMENT && name != "&"))
            && !program.callee(site).iter().any(|m| matches!(m, Meaning::Function(..)))
            && !program.callee(site).iter().any(|m| match m {
                Meaning::Class(module, class) | Meaning::Instance(module, class) => {
                    self.is_tool_class(*module, *class)
                }
                _ => false,
            })
    }

    /// What is put into a list or a map after it was made: `tools.extend(x)`, `Object.assign(tools, x)`. Open where
    /// something is that is no tool that could be followed.
    fn filled(&self, spot: Spot, variable: &str, depth: u8) -> ToolList {
        const FILLERS: [&str; 9] =
            ["append", "extend", "insert", "push", "unshift", "update", "assign", "add", "addAll"];
        let mut list = ToolList::default();
        let program = self.detection.program;
        let module = program.module(spot.module);
        if !matches!(module.dialect.language(), Language::Python | Language::JavaScript) {
            return list;
        }
        // What is put in is not looked at for what was put into it: lists may be put into each other.
        if self.filling.replace(true) {
            return list;
        }
        let origins = program.origins(spot, variable);
        let is_it = |value: &Expr| matches!(value, Expr::Name(name) if &**name == variable);
        let mut left = MAX_TOOLS;
        for call in &module.calls {
            let Expr::Member(object, method) = &call.callee else { continue };
            let given = match &**method {
                "assign" if call.arguments.first().is_some_and(|a| is_it(&a.value)) => {
                    call.arguments.get(1..)
                }
                method if FILLERS.contains(&method) && is_it(object) => call.arguments.get(..),
                _ => None,
            };
            let inside = Spot { module: spot.module, function: call.within };
            // Another function may have a variable of that name.
            if given.is_none() || left == 0 || program.origins(inside, variable) != origins {
                continue;
            }
            for argument in given.into_iter().flatten().take(left) {
                left -= 1;
                // The place at which something is put in is none.
                if matches!(argument.value, Expr::Literal(_)) || is_it(&argument.value) {
                    continue;
                }
                let found = self.expand(inside, &argument.value, None, depth);
                list.open |= found.tools.is_empty();
                list.extend(found);
            }
        }
        self.filling.set(false);
        list
    }

    /// The functions that a call is given to make descriptions of: `schema(add)`, `[describe(f) for f in FUNCTIONS]`.
    fn wrapped(&self, spot: Spot, call: CallId, depth: u8) -> Option<ToolList> {
        let program = self.detection.program;
        let call = program.module(spot.module).call(call);
        let spot = Spot { module: spot.module, function: call.within };
        let mut list = ToolList::default();
        for argument in call.arguments.iter().take(2) {
            if matches!(argument.value, Expr::Name(_) | Expr::Spread(_) | Expr::List(_) | Expr::Function(_)) {
                list.tools.extend(self.expand(spot, &argument.value, None, depth).tools);
            }
        }
        // An object that is handed over may be a client or a setting; a function of its own is a tool.
        list.tools.retain(|tool| {
            let is_plain = |routine: &Routine| {
                let function = routine.function.map(|f| program.module(routine.module).function(f));
                function.is_some_and(|function| function.class.is_none() && !function.name.is_empty())
            };
            !tool.handlers.is_empty() && tool.handlers.iter().all(is_plain)
        });
        (!list.tools.is_empty()).then_some(list)
    }

    /// The name of the class of another library that a call makes an object of.
    fn foreign_class(&self, site: CallSite) -> Option<String> {
        self.detection.program.callee(site).iter().find_map(|meaning| {
            let Meaning::External(name) = meaning else { return None };
            let last = name.rsplit(['.', '#']).next().filter(|last| last.starts_with(char::is_uppercase))?;
            Some(last.to_owned())
        })
    }

    /// Whether a value is no more than a setting: nothing in it can run.
    fn is_setting(&self, spot: Spot, value: &'p Expr, depth: u8) -> bool {
        // A list may hold itself.
        let Some(depth) = depth.checked_sub(1) else { return true };
        let program = self.detection.program;
        match program.value_of(spot, value) {
            (_, Expr::Text(_) | Expr::Literal(_) | Expr::Unknown) => true,
            (spot, Expr::List(values)) => {
                values.iter().take(MAX_TOOLS).all(|value| self.is_setting(spot, value, depth))
            }
            (spot, value @ (Expr::Name(_) | Expr::Member(..))) => {
                let can_run = |m: &Meaning| !matches!(m, Meaning::External(_) | Meaning::Unresolved(_));
                !program.resolve(spot, value).iter().any(can_run)
            }
            // What is read out of the environment or of a configuration.
            (spot, Expr::Call(call)) => {
                let callee = program.callee(CallSite { module: spot.module, call: *call });
                callee.iter().any(|meaning| {
                    let (Meaning::External(name) | Meaning::Unresolved(name)) = meaning else { return false };
                    let last = name.rsplit(['.', '#']).next().unwrap_or(name);
                    matches!(last, "getenv" | "get" | "__getitem__" | "env" | "GetEnvironmentVariable")
                })
            }
            _ => false,
        }
    }

    pub(super) fn map(
        &self,
        spot: Spot,
        entries: &[(&str, &'p Expr)],
        key: Option<&str>,
        depth: u8,
    ) -> ToolList {
        let mut list = ToolList::default();
        let find =
            |name: &str| entries.iter().find(|(key, _)| is_spelled(key, name)).map(|(_, value)| *value);
        let text = |name: &str| find(name).and_then(|value| self.text_of(spot, value));
        let has = |name: &str| find(name).is_some();
        let is_schema = has("parameters")
            || has("inputSchema")
            || has("toolSpec")
            || has("functionDeclarations")
            || (has("name") && (has("description") || has("requireConfirmation")))
            || (has("type") && (has("function") || has("name")))
            // `{ cancel: { description, schema, handler } }`: the key is the name.
            || (key.is_some() && has("description") && RUNS.iter().any(|name| has(name)));
        if has("actionGroupName") {
            return self.action_group(spot, entries, key, depth);
        }
        // `{"type": "web_search"}`: a tool of the API, asked for by its kind.
        let kind = text("type").filter(|_| !has("name") && !has("function") && !has("parameters"));
        // How a server of another process is reached is no tool of its.
        if kind.as_deref().is_some_and(|kind| TRANSPORTS.contains(&kind)) {
            list.open = true;
            return list;
        }
        if let Some(kind) = kind.filter(|kind| !kind.contains(char::is_whitespace)) {
            let mut tool = self.named(spot.module, &kind, self.line_of(spot));
            let language = self.detection.program.module(spot.module).dialect.language();
            let sites = self.detection.sites(language, SiteKind::Mention, &kind);
            let ready = sites.iter().find(|at| self.detection.pack.site(**at).means == Means::BuiltinTool);
            tool.source = ToolSource::Opaque;
            if let Some(at) = ready {
                tool.source = ToolSource::Builtin;
                tool.effect = self.detection.pack.site(*at).effect;
                tool.rule = Some(at.rule);
                tool.handlers.clear();
                tool.runs.clear();
            }
            list.open |= ready.is_none();
            list.tools.push(tool);
            return list;
        }
        // `Entry{Tool: Tool{Name: "cancel"}, Handler: cancel}`: what it is, and what it runs.
        if let Some((tool, handler)) = find("tool").or_else(|| find("toolDefinition")).zip(
            ["handler", "handlerFunc", "execute", "run", "call", "callback"].iter().find_map(|n| find(n)),
        ) {
            return self.with_handler(spot, tool, handler, key, depth);
        }
        if !has("name")
            && let Some((tool, handler)) = self.description_in(spot, entries)
        {
            return self.with_handler(spot, tool, handler, key, depth);
        }
        if is_schema {
            for nested in ["functionDeclarations", "function", "toolSpec", "ofTool", "ofFunction"] {
                if let Some(inner) = find(nested) {
                    // A description, or in some SDKs the code itself.
                    let (spot, inner) = self.detection.program.value_of(spot, inner);
                    return self.expand(spot, inner, key, depth);
                }
            }
            // A description that each object of a list gives of itself: the objects are the tools.
            if let Some(found) = find("name").and_then(|name| self.described_by(spot, name, depth)) {
                return found;
            }
            let name = text("name").or_else(|| key.map(str::to_owned)).or_else(|| text("type"));
            let handler = RUNS.iter().find_map(|name| find(name));
            // A description that is put together by other code names no tool of its own.
            if name.is_none() && handler.is_none() {
                list.open = true;
                return list;
            }
            let mut tool = self.named(spot.module, name.as_deref().unwrap_or("tool"), self.line_of(spot));
            tool.source = ToolSource::Schema;
            tool.confirmed = text("requireConfirmation").is_some_and(|said| said == "ENABLED");
            if let Some(handler) = handler {
                let handlers = self.expand(spot, handler, None, depth);
                tool.handlers = handlers.tools.into_iter().flat_map(|t| t.handlers).collect();
                tool.source = ToolSource::Own;
            }
            list.tools.push(tool);
            return list;
        }
        // `{"drop": Skill{Schema: schema(), Execute: drop}}`: the key is the name, and one part is what runs.
        if let Some(tool) = key.and_then(|key| self.keyed_record(spot, entries, key, depth)) {
            list.tools.push(tool);
            return list;
        }
        // What only holds the one kind of tool that it is.
        if let Some(inner) = ["ofTool", "ofFunction", "value"].iter().find_map(|name| find(name)) {
            let (spot, inner) = self.detection.program.value_of(spot, inner);
            return self.expand(spot, inner, key, depth);
        }
        for (key, value) in entries.iter().take(MAX_TOOLS) {
            let key = (!key.is_empty()).then_some(*key);
            list.extend(self.expand(spot, value, key, depth));
        }
        list
    }

    /// What an agent of Bedrock is given as a group: the functions that it lists, or an API that is described elsewhere.
    fn action_group(
        &self,
        spot: Spot,
        entries: &[(&str, &'p Expr)],
        key: Option<&str>,
        depth: u8,
    ) -> ToolList {
        let find =
            |name: &str| entries.iter().find(|(key, _)| is_spelled(key, name)).map(|(_, value)| *value);
        let text = |name: &str| find(name).and_then(|value| self.text_of(spot, value));
        let signature = text("parentActionGroupSignature");
        // Asking the user is no tool.
        if signature.as_deref() == Some("AMAZON.UserInput") {
            return ToolList::default();
        }
        if let Some(schema) = find("functionSchema") {
            let listed = self.expand(spot, schema, None, depth);
            if !listed.tools.is_empty() {
                return listed;
            }
        }
        let name = text("actionGroupName").or_else(|| key.map(str::to_owned));
        let mut tool = self.named(spot.module, name.as_deref().unwrap_or("action group"), self.line_of(spot));
        if signature.as_deref() == Some("AMAZON.CodeInterpreter") {
            tool.source = ToolSource::Builtin;
            tool.effect = Some(Effect::Execute);
        }
        let open = signature.is_none();
        ToolList { tools: vec![tool], open, ..ToolList::default() }
    }

    /// The tools that name themselves: `Name: t.Name()` is about what `t` is.
    pub(super) fn described_by(&self, spot: Spot, name: &'p Expr, depth: u8) -> Option<ToolList> {
        let module = self.detection.program.module(spot.module);
        if matches!(module.dialect.language(), Language::Python | Language::JavaScript) {
            return None;
        }
        let name = match name {
            Expr::Call(call) => &module.call(*call).callee,
            other => other,
        };
        let Expr::Member(object, what) = name else { return None };
        if !["name", "getname", "id"].contains(&&*what.to_ascii_lowercase()) {
            return None;
        }
        let found = self.expand(spot, object, None, depth);
        found.tools.iter().any(|tool| !tool.handlers.is_empty()).then_some(found)
    }

    /// A name, attribute or call that no rule knows: what it stands for.
    pub(super) fn followed(&self, spot: Spot, value: &'p Expr, key: Option<&str>, depth: u8) -> ToolList {
        let program = self.detection.program;
        let mut list = ToolList::default();
        for meaning in program.resolve(spot, value) {
            match meaning {
                Meaning::Function(module, function) => {
                    let routine = Routine { module, function: Some(function) };
                    if let Expr::Call(_) = value {
                        continue;
                    }
                    list.tools.push(self.function(routine, key));
                }
                Meaning::Class(module, class) | Meaning::Instance(module, class) => {
                    let declared = self.declared_methods(module, class);
                    let made = self.implementing(module, class);
                    if !declared.is_empty() {
                        list.tools.extend(declared);
                    } else if !made.is_empty() {
                        list.tools.extend(made);
                    } else if self.is_tool_class(module, class) || self.can_run(module, class) {
                        let kinds = self.kinds_of(module, class);
                        list.open |= kinds.is_empty();
                        list.tools
                            .extend(kinds.into_iter().map(|(module, class)| self.class(module, class, key)));
                    }
                }
                _ => {}
            }
        }
        // An attribute makes a tool of a function, and calling it gives the tool.
        if let Expr::Call(call) = value
            && program.module(spot.module).dialect.language() == Language::Rust
        {
            let made = program.targets(CallSite { module: spot.module, call: *call });
            let made = made.filter(|routine| self.is_tool(*routine));
            list.tools.extend(made.map(|routine| self.function(routine, key)));
        }
        if !list.tools.is_empty() {
            return list;
        }
        let (next, inner) = program.value_of(spot, value);
        if !std::ptr::eq(inner, value) {
            return self.expand(next, inner, key, depth);
        }
        let language = program.module(spot.module).dialect.language();
        for name in program.symbols(spot, value) {
            // An attribute makes `GetWeather` or `get_weather_tool` of the function `get_weather`.
            if language == Language::Rust
                && let Some(routine) = self.attributed(object_name(&name))
            {
                list.tools.push(self.function(routine, key));
                continue;
            }
            // A ready-made tool that is handed over by its name.
            let sites = self.detection.sites(language, SiteKind::Call, &name);
            let ready = sites.iter().map(|at| (at, self.detection.pack.site(*at)));
            let ready =
                ready.filter(|(_, site)| site.means == Means::BuiltinTool && site.conditions.is_empty());
            if let Some((at, site)) = ready.max_by_key(|(_, site)| site.effect) {
                let mut tool = self.named(spot.module, key.unwrap_or(object_name(&name)), self.line_of(spot));
                (tool.source, tool.effect, tool.rule) = (ToolSource::Builtin, site.effect, Some(at.rule));
                tool.handlers.clear();
                list.tools.push(tool);
                continue;
            }
            // A description that a chain of calls puts together: `Tool::new("close").with_description(…)`.
            if let (Expr::Call(call), false) =
                (value, matches!(language, Language::Python | Language::JavaScript))
                && let Some(described) = self.described(CallSite { module: spot.module, call: *call })
            {
                let mut tool = self.named(spot.module, &described, self.line_of(spot));
                if tool.source == ToolSource::Opaque {
                    tool.source = ToolSource::Schema;
                }
                list.tools.push(tool);
                continue;
            }
            let last = object_name(&name).to_owned();
            list.open = true;
            let is_bare =
                ["?", "builtins.", "global#", "typing.", "pydantic.", "dataclasses.", "collections."]
                    .iter()
                    .any(|of| name.starts_with(of));
            if !is_bare && !last.is_empty() && !self.is_about_list(spot, value, &last) {
                let mut tool = self.named(spot.module, key.unwrap_or(&last), self.line_of(spot));
                tool.source = ToolSource::Opaque;
                list.tools.push(tool);
            }
        }
        list.open |= list.tools.is_empty();
        list
    }
}

impl Tools<'_, '_> {
    /// Whether a name says only how a list is held or handed on, and nothing about a tool in it: `tools.clone()`, or a
    /// parameter of the type `ToolCallbackProvider`.
    fn is_about_list(&self, spot: Spot, value: &Expr, last: &str) -> bool {
        const HANDED_ON: [&str; 19] = [
            "clone",
            "as_ref",
            "to_vec",
            "into",
            "iter",
            "unwrap",
            "get",
            "build",
            "toArray",
            "toList",
            "stream",
            "ArrayList",
            "List",
            "values",
            "map",
            "filter",
            "collect",
            "cloned",
            "copied",
        ];
        let program = self.detection.program;
        let module = program.module(spot.module);
        let is_type = last == "_" || last.starts_with(char::is_uppercase);
        if matches!(module.dialect.language(), Language::Python | Language::JavaScript) {
            // `tools: Tool[]` says what the list is of.
            return is_type
                && matches!(value, Expr::Name(name) if **name != *last && program.has_declared_type(spot, name));
        }
        // `new Search()` is a tool, and a list that is only declared to be of `Search` is none.
        let makes = |call: CallId| {
            let mut callee = &module.call(call).callee;
            while let Expr::Member(object, name) = callee {
                if **name == *last {
                    return true;
                }
                callee = object;
            }
            callee.last_name() == Some(last)
        };
        let is_type = is_type && !matches!(value, Expr::Call(call) if makes(*call));
        is_type || HANDED_ON.contains(&last) || last.to_ascii_lowercase().starts_with("gettool")
    }
}

/// Whether a text can name a tool, also one of several words: no sentence, no flag of a command and no kind of content.
fn can_name(text: &str) -> bool {
    const KINDS: [&str; 6] = ["application/", "audio/", "image/", "multipart/", "text/", "video/"];
    let is_pattern = text.contains('(');
    !text.starts_with(['-', '@', '.', '/'])
        && !KINDS.iter().any(|kind| text.starts_with(kind))
        && (is_pattern || text.split_whitespace().take(5).count() < 5)
        && !text.contains('\n')
}

/// How servers of the Model Context Protocol are reached.
const TRANSPORTS: [&str; 5] = ["http", "sse", "stdio", "streamable-http", "streamable_http"];

/// Whether a record says what a tool is, as the descriptions of all SDKs do.
fn describes_a_tool(entries: &[(&str, &Expr)]) -> bool {
    const WORDS: [&str; 13] = [
        "actionGroupName",
        "name",
        "description",
        "parameters",
        "inputSchema",
        "toolSpec",
        "functionDeclarations",
        "type",
        "function",
        "tools",
        "ofTool",
        "ofFunction",
        "value",
    ];
    entries.iter().any(|(key, _)| WORDS.iter().any(|word| is_spelled(key, word)))
}
