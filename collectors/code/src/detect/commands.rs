//! Commands that a program starts, read as one line of shell, however the code puts them together.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::HashMap;

use super::arguments::Reach;
use super::texts::text_of;
use crate::program::{CallSite, ModuleId, Program, Spot};
use crate::syntax::{Expr, FunctionId};

/// Longest line that is put together.
const MAX_LINE: usize = 2_000;
/// Words of one line.
const MAX_WORDS: usize = 64;
/// Values of one line that are looked at.
const MAX_VALUES: usize = 512;
/// How far apart the calls of one chain are, counting those in their arguments.
const CHAIN: usize = 64;
/// Methods that add words to a command, or to the list of its words.
const ADDERS: [&str; 15] = [
    "arg",
    "args",
    "add",
    "Add",
    "AddRange",
    "addAll",
    "append",
    "extend",
    "push",
    "insert",
    "command",
    "concat",
    "FileName=",
    "Arguments=",
    "WithArguments",
];

/// What is added to the variables of a module, in the function around it: gathered once, since a module may start many.
pub(super) struct Additions<'p> {
    module: ModuleId,
    by_name: HashMap<Variable, Vec<&'p Expr>>,
    /// What they come to, as far as it was asked for.
    words: Known,
    /// What variables that are bound more than once are bound to.
    bound: Known,
}

type Known = RefCell<HashMap<Variable, Rc<[String]>>>;

/// The function around a variable, and its name.
type Variable = (Option<FunctionId>, Arc<str>);

impl<'p> Additions<'p> {
    pub(super) fn of(program: &'p Program<'p>, id: ModuleId) -> Self {
        let module = program.module(id);
        let updates = module.updates.iter().map(|update| (update.within, &update.target, &update.value));
        let calls = module.calls.iter().filter_map(|call| match &call.callee {
            Expr::Member(object, method) if ADDERS.contains(&&**method) => {
                Some(call.arguments.iter().map(move |a| (call.within, &**object, &a.value)))
            }
            _ => None,
        });
        let mut by_name: HashMap<Variable, Vec<&Expr>> = HashMap::default();
        for (within, target, value) in updates.chain(calls.flatten()) {
            let root = match target {
                Expr::Member(object, _) => &**object,
                target => target,
            };
            let Expr::Name(name) = root else { continue };
            let known = by_name.entry((within, Arc::clone(name))).or_default();
            if known.len() < MAX_WORDS {
                known.push(value);
            }
        }
        Self { module: id, by_name, words: Known::default(), bound: Known::default() }
    }

    pub(super) fn module(&self) -> ModuleId {
        self.module
    }
}

/// What a call starts, with `{}` for words that are not known; `None` where nothing of it is, or where the call is only
/// the beginning of a chain that says more.
pub(super) fn line_of<'p>(
    program: &'p Program<'p>,
    additions: &Additions<'p>,
    site: CallSite,
) -> Option<String> {
    let module = program.module(site.module);
    let after = module.calls.iter().skip(site.call as usize + 1).take(CHAIN);
    let is_begun = after
        .into_iter()
        .any(|call| matches!(&call.callee, Expr::Member(object, _) if **object == Expr::Call(site.call)));
    if is_begun {
        return None;
    }
    let mut line = Line { program, additions, words: Vec::new(), left: MAX_VALUES };
    line.chain(site, CHAIN, Some(Reach::NEAR));
    // What stands before the program is a context, or a launcher that is not known.
    let words: Vec<String> = line.words.into_iter().skip_while(|word| word == UNKNOWN).collect();
    if words.is_empty() {
        return None;
    }
    let mut text = words.join(" ");
    text.truncate(text.floor_char_boundary(MAX_LINE));
    Some(text)
}

const UNKNOWN: &str = "{}";

struct Line<'a, 'p> {
    program: &'p Program<'p>,
    additions: &'a Additions<'p>,
    words: Vec<String>,
    /// Values that are still looked at: lists may hold each other many times over.
    left: usize,
}

impl<'p> Line<'_, 'p> {
    /// The words of a call and of those that it is chained to, the first of them first.
    fn chain(&mut self, site: CallSite, left: usize, reach: Option<Reach>) {
        let Some(left) = left.checked_sub(1) else { return };
        let call = self.program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        if let Expr::Member(object, _) = &call.callee {
            match &**object {
                Expr::Call(inner) => self.chain(CallSite { module: site.module, call: *inner }, left, reach),
                // `command.spawn()`: what it was made with, and what was added since.
                Expr::Name(name) => {
                    if let (at, Expr::Call(made)) = self.program.value_of(spot, object) {
                        self.chain(CallSite { module: at.module, call: *made }, left, reach);
                    }
                    self.added(spot, name);
                }
                _ => {}
            }
        }
        for argument in call.arguments.iter().take(MAX_WORDS) {
            self.value(spot, &argument.value, reach);
        }
    }

    fn value(&mut self, spot: Spot, value: &'p Expr, reach: Option<Reach>) {
        if self.words.len() >= MAX_WORDS || self.left == 0 {
            return;
        }
        self.left -= 1;
        let Some(reach) = reach else { return self.words.push(UNKNOWN.to_owned()) };
        if let Expr::Spread(inner) = value {
            return self.value(spot, inner, reach.on());
        }
        let (at, inner) = self.program.value_of(spot, value);
        match inner {
            // A list that is bound anew with every word it gets: `words = append(words, "--print")`.
            _ if self.bound(spot, value) => {}
            Expr::List(values) => {
                for value in values.iter().take(MAX_WORDS) {
                    self.value(at, value, reach.on());
                }
                if let Expr::Name(name) = value {
                    self.added(spot, name);
                }
            }
            // Settings beside the command: where it runs, its environment.
            Expr::Map(_) | Expr::Function(_) => {}
            // An object that describes what is started: `new ProcessStartInfo("agent", "--print")`.
            Expr::Call(call) if self.words.is_empty() => {
                let site = CallSite { module: at.module, call: *call };
                let text = text_of(self.program, spot, value, Reach::WHOLE)
                    .or_else(|| self.joined(site, reach.on()));
                match text {
                    Some(text) => self.words.push(text),
                    None => self.chain(site, 4, reach.on()),
                }
                if let Expr::Name(name) = value {
                    self.added(spot, name);
                }
            }
            Expr::Call(call) => {
                let joined = self.joined(CallSite { module: at.module, call: *call }, reach.on());
                let text = joined.or_else(|| text_of(self.program, spot, value, Reach::WHOLE));
                self.words.push(text.unwrap_or_else(|| UNKNOWN.to_owned()));
            }
            Expr::Choice(parts) => match text_of(self.program, spot, value, Reach::WHOLE) {
                Some(text) => self.words.push(text),
                None => {
                    for part in parts.iter().take(MAX_WORDS) {
                        self.value(at, part, reach.on());
                    }
                }
            },
            _ => {
                let text = text_of(self.program, spot, value, Reach::WHOLE);
                self.words.push(text.unwrap_or_else(|| UNKNOWN.to_owned()));
            }
        }
    }

    /// The words of a variable that is bound more than once to lists; whether it is one.
    fn bound(&mut self, spot: Spot, value: &'p Expr) -> bool {
        let Expr::Name(name) = value else { return false };
        let additions = self.additions;
        self.variable(spot, name, &additions.bound, |line| {
            let values = line.program.bound_values(spot, name);
            if values.len() < 2 {
                return;
            }
            for (at, value) in values.into_iter().take(MAX_WORDS) {
                match value {
                    Expr::List(_) => line.plain(at, value),
                    Expr::Call(call) => {
                        let call = line.program.module(at.module).call(*call);
                        let [first, rest @ ..] = &call.arguments[..] else { continue };
                        if matches!(&first.value, Expr::Name(of) if of == name) {
                            for argument in rest {
                                line.plain(at, &argument.value);
                            }
                        }
                    }
                    _ => {}
                }
            }
        })
    }

    /// `words.join(" ")`, `" ".join(words)`, `strings.Join(words, " ")`, `implode(" ", $words)`: the words in a row.
    fn joined(&self, site: CallSite, reach: Option<Reach>) -> Option<String> {
        let call = self.program.module(site.module).call(site.call);
        let name = call.callee.last_name()?;
        if !matches!(name, "join" | "Join" | "implode" | "shlex_join" | "joinToString") {
            return None;
        }
        let spot = Spot { module: site.module, function: call.within };
        let object = match &call.callee {
            Expr::Member(object, _) => Some(&**object),
            _ => None,
        };
        let mut lists = object.into_iter().chain(call.arguments.iter().map(|argument| &argument.value));
        let (list, value) = lists.find_map(|value| {
            let (at, found) = self.program.value_of(spot, value);
            matches!(found, Expr::List(_)).then_some(((at, found), value))
        })?;
        let mut line = Line { words: Vec::new(), ..*self };
        line.value(list.0, list.1, reach);
        if let Expr::Name(name) = value {
            line.added(spot, name);
        }
        Some(line.words.join(" "))
    }

    /// Words that are added to a variable where it is: `command.arg("--print")`, `words += ["--print"]`.
    fn added(&mut self, spot: Spot, name: &Arc<str>) {
        let additions = self.additions;
        self.variable(spot, name, &additions.words, |line| {
            let key = (spot.function, Arc::clone(name));
            for value in additions.by_name.get(&key).into_iter().flatten() {
                line.plain(spot, value);
            }
        });
    }

    /// The words of a variable of this module, which `read` gathers the first time.
    fn variable(&mut self, spot: Spot, name: &Arc<str>, known: &Known, read: impl FnOnce(&mut Self)) -> bool {
        if spot.module != self.additions.module {
            return false;
        }
        let key = (spot.function, Arc::clone(name));
        let words = known.borrow().get(&key).map(Rc::clone);
        let words = words.unwrap_or_else(|| {
            let mut line = Self { words: Vec::new(), ..*self };
            read(&mut line);
            let words: Rc<[String]> = line.words.into();
            known.borrow_mut().insert(key, Rc::clone(&words));
            words
        });
        let left = MAX_WORDS.saturating_sub(self.words.len());
        self.words.extend(words.iter().take(left).cloned());
        !words.is_empty()
    }

    /// A value that is no longer looked at for what was added to it.
    fn plain(&mut self, spot: Spot, value: &'p Expr) {
        match self.program.value_of(spot, value) {
            (at, Expr::List(values)) => {
                let own = values.iter().filter(|value| !matches!(value, Expr::Spread(_)));
                for value in own.take(MAX_WORDS) {
                    self.plain_word(at, value);
                }
            }
            _ => self.plain_word(spot, value),
        }
    }

    fn plain_word(&mut self, spot: Spot, value: &Expr) {
        if self.words.len() < MAX_WORDS {
            let text = text_of(self.program, spot, value, Reach::WHOLE);
            self.words.push(text.unwrap_or_else(|| UNKNOWN.to_owned()));
        }
    }
}
