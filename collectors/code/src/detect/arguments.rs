//! What a call is given: arguments by name, by position, and inside the maps and constructor calls they stand for.

use muster_rules::{Language, ToolArgument};

use crate::program::{CallSite, Meaning, Program, Spot};
use crate::syntax::{Call, Expr};

/// How deep spreads and choices are followed.
pub(super) const MAX_DEPTH: u8 = 6;

/// How far a value is followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    depth: u8,
    /// Callers that are still asked what they hand over, shared out among them: functions that hand one value round
    /// would else be asked about it over and over.
    callers: u8,
}

impl Reach {
    pub(super) const WHOLE: Self = Self { depth: MAX_DEPTH, callers: 12 };
    /// For what mostly stands where it is used.
    pub(super) const NEAR: Self = Self { depth: 3, callers: 12 };

    /// One step on.
    pub(super) fn on(self) -> Option<Self> {
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }

    /// On to each of so many callers.
    pub(super) fn split(self, callers: usize) -> Option<Self> {
        let each = usize::from(self.callers).checked_div(callers)?;
        let each = u8::try_from(each).ok().filter(|each| *each > 0)?;
        Some(Self { callers: each, ..self })
    }
}

/// Whether an argument is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Presence<'p> {
    /// It is, with this value, which stands there.
    Given(Spot, &'p Expr),
    /// It is not.
    Absent,
    /// Something that could not be followed may hold it.
    Unknown,
}

impl<'p> Presence<'p> {
    /// The value, if there is one.
    pub(crate) fn value(self) -> Option<(Spot, &'p Expr)> {
        match self {
            Self::Given(spot, value) => Some((spot, value)),
            Self::Absent | Self::Unknown => None,
        }
    }
}

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) site: CallSite,
}

impl<'p> Arguments<'p> {
    pub(crate) fn of(program: &'p Program<'p>, site: CallSite) -> Self {
        Self { program, site }
    }

    fn spot(&self) -> Spot {
        Spot {
            module: self.site.module,
            function: self.program.module(self.site.module).call(self.site.call).within,
        }
    }

    /// The argument that a rule names: `tools`, `@1`, `options.tools`, `@1.method`.
    pub(crate) fn find(&self, argument: &ToolArgument) -> Presence<'p> {
        let mut names = argument.0.split('.');
        let first = names.next().unwrap_or_default();
        let mut at = match first.strip_prefix('@').and_then(|n| n.parse().ok()) {
            Some(position) => self.positional(position),
            None => self.named(first),
        };
        for name in names {
            at = match (at, name.strip_prefix('@').and_then(|n| n.parse().ok())) {
                (Presence::Given(spot, value), Some(position)) => self.position_of(spot, value, position),
                (Presence::Given(spot, value), None) => self.within(spot, value, name, Reach::WHOLE),
                (other, _) => return other,
            };
        }
        at
    }

    /// The value of the argument, followed to what the name stands for.
    pub(crate) fn value(&self, argument: &ToolArgument) -> Option<(Spot, &'p Expr)> {
        let (spot, value) = self.find(argument).value()?;
        Some(self.program.value_of(spot, value))
    }

    fn positional(&self, position: usize) -> Presence<'p> {
        let call = self.program.module(self.site.module).call(self.site.call);
        if let Some(part) = self.part_of_request(call, position) {
            return part;
        }
        let mut spread = false;
        let mut index = 0;
        for argument in call.arguments.iter().filter(|a| a.name.is_none()) {
            if let Expr::Spread(_) = argument.value {
                spread = true;
                continue;
            }
            if index == position {
                return Presence::Given(self.spot(), &argument.value);
            }
            index += 1;
        }
        // What is mostly given first may be given by its name.
        let named = call.arguments.iter().find(|a| {
            position == 0 && a.name.as_deref().is_some_and(|name| matches!(name, "url" | "requestUri"))
        });
        match named {
            Some(argument) => Presence::Given(self.spot(), &argument.value),
            None if spread => Presence::Unknown,
            None => Presence::Absent,
        }
    }

    /// `axios({ url, data })`: a request of one object has its address where others have their first argument, and its
    /// body or its settings where they have their second.
    fn part_of_request(&self, call: &'p Call, position: usize) -> Option<Presence<'p>> {
        let [only] = &call.arguments[..] else { return None };
        let asks = matches!(call.callee.last_name(), Some("axios" | "request" | "got" | "needle" | "ajax"));
        let language = self.program.module(self.site.module).dialect.language();
        if language != Language::JavaScript || !asks || only.name.is_some() || position > 1 {
            return None;
        }
        let (spot, Expr::Map(entries)) = self.program.value_of(self.spot(), &only.value) else { return None };
        let entry = |name: &str| entries.iter().find(|(key, _)| &**key == name).map(|(_, value)| value);
        let address = entry("url").or_else(|| entry("uri"))?;
        let part = if position == 0 { address } else { entry("data").unwrap_or(&only.value) };
        Some(Presence::Given(spot, part))
    }

    /// The positional argument of the call that a value is: `@0.@1`.
    fn position_of(&self, spot: Spot, value: &'p Expr, position: usize) -> Presence<'p> {
        match self.program.value_of(spot, value) {
            (spot, Expr::Call(call)) => {
                let site = CallSite { module: spot.module, call: *call };
                Self { program: self.program, site }.positional(position)
            }
            (_, Expr::Name(_) | Expr::Member(..) | Expr::Unknown) => Presence::Unknown,
            _ => Presence::Absent,
        }
    }

    fn named(&self, name: &str) -> Presence<'p> {
        let call = self.program.module(self.site.module).call(self.site.call);
        let spot = self.spot();
        if let Some(argument) = call.arguments.iter().find(|a| a.name.as_deref() == Some(name)) {
            return Presence::Given(spot, &argument.value);
        }
        let mut unknown = false;
        for (position, argument) in call.arguments.iter().filter(|a| a.name.is_none()).enumerate() {
            match self.within(spot, &argument.value, name, Reach::WHOLE) {
                given @ Presence::Given(..) => return given,
                Presence::Absent => {}
                // The first argument of a call is mostly its subject, not its options.
                Presence::Unknown => {
                    unknown |= position > 0
                        || matches!(argument.value, Expr::Spread(_))
                        || self.is_request(spot, &argument.value);
                }
            }
        }
        match self.fluent(name).first() {
            Some((spot, value)) => Presence::Given(*spot, value),
            None if unknown => Presence::Unknown,
            None => Presence::Absent,
        }
    }

    /// Whether a value is of a type that carries what a call is to do: a request, its parameters or options.
    fn is_request(&self, spot: Spot, value: &Expr) -> bool {
        const CARRIERS: [&str; 10] = [
            "Request",
            "Params",
            "Parameters",
            "Options",
            "Option",
            "Config",
            "Prompt",
            "Args",
            "Settings",
            "Input",
        ];
        let language = self.program.module(spot.module).dialect.language();
        if matches!(language, Language::Python | Language::JavaScript) {
            return false;
        }
        self.program.resolve(spot, value).iter().any(|meaning| match meaning {
            Meaning::External(name) => {
                let last = name.rsplit(['.', '#']).next().unwrap_or(name);
                last.starts_with(char::is_uppercase) && CARRIERS.iter().any(|carrier| last.ends_with(carrier))
            }
            _ => false,
        })
    }

    /// Every value that the argument has: one, or, where calls of a chain set it, what each of them is given.
    pub(crate) fn all(&self, argument: &ToolArgument) -> Vec<(Spot, &'p Expr)> {
        let call = self.program.module(self.site.module).call(self.site.call);
        let name = argument.0.as_str();
        let is_named = call.arguments.iter().any(|a| a.name.as_deref() == Some(name));
        let mut chained = if is_named { Vec::new() } else { self.fluent(name) };
        // What is set on a variable that is handed over: `request.Header.Set("x", "y")` before `Do(request)`.
        for argument in call.arguments.iter().filter(|a| a.name.is_none() && !is_named) {
            if let Expr::Name(variable) = &argument.value {
                self.later(self.spot(), variable, name, &mut chained);
            }
        }
        // `toolRegistry.tool`: each that the block of the registry sets.
        if chained.is_empty()
            && let Some((of, last)) = name.rsplit_once('.')
            && let Some((spot, Expr::Call(call))) = self.value(&ToolArgument(of.to_owned()))
        {
            let site = CallSite { module: spot.module, call: *call };
            chained = Self { program: self.program, site }.fluent(last);
        }
        if chained.is_empty() { self.find(argument).value().into_iter().collect() } else { chained }
    }

    /// The entry of a map, or the argument of a constructor, that a value is or stands for.
    fn within(&self, spot: Spot, value: &'p Expr, name: &str, reach: Reach) -> Presence<'p> {
        let Some(reach) = reach.on() else { return Presence::Unknown };
        if let Expr::Spread(inner) = value {
            return self.within(spot, inner, name, reach);
        }
        // What is set on a variable counts, and not only what it was bound to; on the way through a function, too.
        let mut at = (spot, value);
        for _ in 0..MAX_DEPTH {
            if let Some((spot, value)) = self.set_on(at.0, at.1, name) {
                return Presence::Given(spot, value);
            }
            let Some(next) = self.program.step(at.0, at.1) else { break };
            at = next;
        }
        let (spot, value) = at;
        match value {
            Expr::Map(entries) => {
                // Later entries win.
                if let Some((_, value)) = entries.iter().rev().find(|(key, _)| is_part(key, name)) {
                    return Presence::Given(spot, value);
                }
                let mut unknown = false;
                for (_, entry) in entries.iter().rev().filter(|(key, _)| key.is_empty()) {
                    let Expr::Spread(inner) = entry else {
                        continue;
                    };
                    match self.within(spot, inner, name, reach) {
                        given @ Presence::Given(..) => return given,
                        Presence::Unknown => unknown = true,
                        Presence::Absent => {}
                    }
                }
                if unknown { Presence::Unknown } else { Presence::Absent }
            }
            Expr::Spread(inner) => self.within(spot, inner, name, reach),
            Expr::Choice(values) => {
                let found = values.iter().map(|value| self.within(spot, value, name, reach));
                found
                    .reduce(|a, b| if matches!(a, Presence::Given(..)) { a } else { b })
                    .unwrap_or(Presence::Unknown)
            }
            Expr::Call(call) => {
                let inner =
                    Self { program: self.program, site: CallSite { module: spot.module, call: *call } };
                let call = self.program.module(spot.module).call(*call);
                let chained = inner.fluent(name);
                match call.arguments.iter().find(|a| a.name.as_deref().is_some_and(|key| is_part(key, name)))
                {
                    Some(argument) => Presence::Given(inner.spot(), &argument.value),
                    None if !chained.is_empty() => Presence::Given(chained[0].0, chained[0].1),
                    // The text that a value is sent as.
                    None if call.callee.last_name().is_some_and(|n| ENCODERS.contains(&n)) => {
                        let receiver = match &call.callee {
                            Expr::Member(object, _) => Some(&**object),
                            _ => None,
                        };
                        // `expect("why")` and `context("why")` are given a text, and hold what they stand on.
                        let is_text = |value: &Expr| matches!(value, Expr::Text(_) | Expr::Literal(_));
                        let given = call.arguments.iter().map(|a| &a.value).find(|value| !is_text(value));
                        match given.or(receiver) {
                            Some(held) => self.within(inner.spot(), held, name, reach),
                            None => Presence::Unknown,
                        }
                    }
                    // A literal of a record, or a chain that is all in sight, has no other parts than it says.
                    None if self.is_record(spot, call) || self.is_whole(spot, call) => Presence::Absent,
                    // What an object of another package is made of is all that it holds.
                    None if self.is_made(spot, call) => {
                        let parts = call.arguments.iter().filter(|argument| argument.name.is_none());
                        either(parts.map(|part| self.within(inner.spot(), &part.value, name, reach)))
                            .unwrap_or(Presence::Absent)
                    }
                    None => match call.arguments.first() {
                        Some(only) if only.name.is_none() && matches!(only.value, Expr::Map(_)) => {
                            self.within(inner.spot(), &only.value, name, reach)
                        }
                        _ => Presence::Unknown,
                    },
                }
            }
            Expr::Text(_) | Expr::Literal(_) | Expr::List(_) | Expr::Function(_) | Expr::Class(_) => {
                Presence::Absent
            }
            // A text or a number carries nothing.
            Expr::Name(_) | Expr::Member(..) if self.program.is_plain_value(spot, value) => Presence::Absent,
            // What all callers pass.
            Expr::Name(parameter) => {
                let passed = self.program.passed(spot, parameter);
                let Some(reach) = reach.split(passed.len()) else { return Presence::Unknown };
                either(passed.into_iter().map(|(spot, value)| self.within(spot, value, name, reach)))
                    .unwrap_or(Presence::Unknown)
            }
            Expr::Member(..) | Expr::Unknown => Presence::Unknown,
        }
    }

    /// Whether a call makes an object of a class of another package.
    fn is_made(&self, spot: Spot, call: &Call) -> bool {
        let language = self.program.module(spot.module).dialect.language();
        let spot = Spot { module: spot.module, function: call.within };
        let meanings = self.program.resolve(spot, &call.callee);
        let is_type = |of: &Expr| of.last_name().is_some_and(|name| name.starts_with(char::is_uppercase));
        // `Request::new(…)` of Rust.
        let is_new = language == Language::Rust
            && matches!(&call.callee, Expr::Member(of, name) if &**name == "new" && is_type(of));
        !matches!(language, Language::Python | Language::JavaScript)
            && (is_type(&call.callee) || is_new)
            && !meanings.is_empty()
            && meanings.iter().all(|meaning| matches!(meaning, Meaning::External(_)))
            && !call.arguments.is_empty()
    }

    /// Whether a chain of calls begins with something of another package, so that nothing can have set more.
    fn is_whole(&self, spot: Spot, call: &'p Call) -> bool {
        let language = self.program.module(spot.module).dialect.language();
        if matches!(language, Language::Python | Language::JavaScript) {
            return false;
        }
        let mut at = call;
        for _ in 0..40 {
            let Expr::Member(object, _) = &at.callee else { break };
            let spot = Spot { module: spot.module, function: at.within };
            match self.call_behind(spot, object) {
                Some(next) if next.module == spot.module => {
                    at = self.program.module(next.module).call(next.call);
                }
                Some(_) => return false,
                None => break,
            }
        }
        let spot = Spot { module: spot.module, function: at.within };
        // What the chain begins with may hold what it is given.
        let holds = at.arguments.iter().any(|argument| {
            let (spot, value) = self.program.value_of(spot, &argument.value);
            let is_plain = matches!(value, Expr::Text(_) | Expr::Literal(_) | Expr::Function(_));
            argument.name.is_none() && !is_plain && !self.program.is_plain_value(spot, value)
        });
        if holds {
            return false;
        }
        let is_foreign = |m: &Meaning| matches!(m, Meaning::External(_));
        let Expr::Member(object, _) = &at.callee else {
            return self.program.resolve(spot, &at.callee).iter().all(is_foreign);
        };
        // What begins with a variable goes on from something that is not in sight.
        let mut root = &**object;
        while let Expr::Member(inner, _) = root {
            root = inner;
        }
        let Expr::Name(name) = root else { return false };
        let is_type =
            name.starts_with(char::is_uppercase) || language == Language::Rust || language == Language::Go;
        is_type
            && self.program.resolve(spot, root).iter().all(is_foreign)
            && self.program.step(spot, root).is_none()
    }

    /// Whether a call only puts named parts together, as literals of structs do.
    fn is_record(&self, spot: Spot, call: &Call) -> bool {
        let language = self.program.module(spot.module).dialect.language();
        matches!(language, Language::Go | Language::Rust | Language::CSharp)
            && !call.arguments.is_empty()
            && call.arguments.iter().all(|a| a.name.is_some())
    }
}

/// Calls that only write a value down in another form.
const ENCODERS: [&str; 33] = [
    "Marshal",
    "MarshalIndent",
    "NewReader",
    "NewBuffer",
    "NewBufferString",
    "dumps",
    "dump",
    "stringify",
    "Serialize",
    "SerializeToUtf8Bytes",
    "StringContent",
    "ByteArrayContent",
    "Create",
    "json_encode",
    "wp_json_encode",
    "encode",
    "to_json",
    "toJson",
    "generate",
    "to_string",
    "to_vec",
    "to_value",
    "writeValueAsString",
    "toRequestBody",
    "create",
    "StringEntity",
    "fromValue",
    "ofString",
    "unwrap",
    "expect",
    "context",
    "clone",
    "from",
];

/// Whether a key names the part that a rule asks for, as a field of a struct or a key of JSON.
fn is_part(key: &str, name: &str) -> bool {
    key == name || key.len() == name.len() && key.eq_ignore_ascii_case(name)
}

/// What one of several is, if any of them is; absent where all are.
fn either<'p>(all: impl Iterator<Item = Presence<'p>>) -> Option<Presence<'p>> {
    all.reduce(|a, b| match (a, b) {
        (given @ Presence::Given(..), _) | (_, given @ Presence::Given(..)) => given,
        (Presence::Absent, Presence::Absent) => Presence::Absent,
        _ => Presence::Unknown,
    })
}
