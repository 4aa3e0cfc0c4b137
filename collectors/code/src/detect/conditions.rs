//! Conditions of rules on the arguments of a call: each argument is followed once, however many rules ask about it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use muster_rules::ArgumentTest;

use super::arguments::{Arguments, MAX_DEPTH, Presence, Reach};
use super::texts::text_of;
use crate::program::{CallSite, Program, Spot};
use crate::syntax::Expr;

/// Names that are followed in one argument: lists that hold each other would else be gone through for ever.
const MOST_FOLLOWED: usize = 200;

/// What is known of the arguments of one call.
pub(super) struct Conditions<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) site: CallSite,
    arguments: Arguments<'p>,
    known: BTreeMap<String, Rc<Argument<'p>>>,
}

/// One argument and what it reads as.
struct Argument<'p> {
    found: Presence<'p>,
    /// Whether the value is anything but nothing.
    is_set: bool,
    said: OnceCell<Vec<Said<'p>>>,
    /// Texts that are put together.
    joined: OnceCell<Vec<String>>,
}

/// A text or a word that an argument says.
#[derive(Clone, Copy)]
struct Said<'p> {
    text: &'p str,
    is_text: bool,
    /// Inside of a call that only hands it on: `text("SELECT …")`.
    is_handed_on: bool,
}

impl<'p> Conditions<'p> {
    pub(super) fn of(program: &'p Program<'p>, site: CallSite) -> Self {
        Self { program, site, arguments: Arguments::of(program, site), known: BTreeMap::new() }
    }

    /// Whether a condition of a rule holds.
    pub(super) fn fit(&mut self, test: &ArgumentTest) -> bool {
        let argument = self.argument(test);
        if test.absent {
            return argument.found == Presence::Absent;
        }
        if argument.found.value().is_none() {
            return false;
        }
        let is_about_text = !test.starts.is_empty() || !test.ends.is_empty();
        if test.equals.is_empty() && !is_about_text {
            return argument.is_set;
        }
        let said = argument.said.get_or_init(|| self.said(argument.found, test));
        said.iter().any(|said| said.fits(test))
            || is_about_text
                && argument
                    .joined
                    .get_or_init(|| self.joined(argument.found))
                    .iter()
                    .any(|text| starts(text, test) || ends(text, test))
    }

    /// Whether the argument that a condition asks about could be followed.
    pub(super) fn is_known(&mut self, test: &ArgumentTest) -> bool {
        self.argument(test).found != Presence::Unknown
    }

    fn argument(&mut self, test: &ArgumentTest) -> Rc<Argument<'p>> {
        if let Some(known) = self.known.get(&test.name.0) {
            return Rc::clone(known);
        }
        let found = self.arguments.find(&test.name);
        let is_set =
            found.value().is_some_and(|(spot, written)| is_set(self.program.value_of(spot, written).1));
        let argument = Argument { found, is_set, said: OnceCell::new(), joined: OnceCell::new() };
        let argument = Rc::new(argument);
        self.known.insert(test.name.0.clone(), Rc::clone(&argument));
        argument
    }

    /// What the values of an argument say: the one that was found, and each that a chain of calls sets.
    fn said(&self, found: Presence<'p>, test: &ArgumentTest) -> Vec<Said<'p>> {
        let mut said = Vec::new();
        let mut followed = 0;
        for (spot, value) in found.value().into_iter().chain(self.arguments.all(&test.name)) {
            self.say((spot, value), false, MAX_DEPTH, &mut followed, &mut said);
        }
        said
    }

    fn say(
        &self,
        (spot, value): (Spot, &'p Expr),
        is_handed_on: bool,
        depth: u8,
        followed: &mut usize,
        all: &mut Vec<Said<'p>>,
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let is_name = matches!(value, Expr::Name(_) | Expr::Member(..) | Expr::Call(_));
        *followed += usize::from(is_name);
        let (spot, value) =
            if *followed > MOST_FOLLOWED { (spot, value) } else { self.program.value_of(spot, value) };
        match value {
            Expr::Text(text) => all.push(Said { text, is_text: true, is_handed_on }),
            // `PermissionMode.BYPASS` says what its last name says. So does a constant that stands for itself, as
            // `CURLOPT_URL` of PHP.
            Expr::Literal(text) | Expr::Member(_, text) | Expr::Name(text) => {
                all.push(Said { text, is_text: false, is_handed_on });
            }
            Expr::List(values) | Expr::Choice(values) => {
                for value in values {
                    self.say((spot, value), is_handed_on, depth, followed, all);
                }
            }
            Expr::Call(call) => {
                let call = self.program.module(spot.module).call(*call);
                let spot = Spot { module: spot.module, function: call.within };
                if let Some(first) = call.arguments.first() {
                    self.say((spot, &first.value), true, depth, followed, all);
                } else if let Expr::Member(object, part) = &call.callee
                    && matches!(&**part, "request_uri" | "path" | "to_s" | "normalize")
                {
                    // What is read off an address of Ruby belongs to it.
                    self.say((spot, object), true, depth, followed, all);
                }
            }
            _ => {}
        }
    }

    /// The texts that an argument is put together as.
    fn joined(&self, found: Presence<'p>) -> Vec<String> {
        let Some((written_at, written)) = found.value() else { return Vec::new() };
        // Where a name can be several things, following it to one may lose the text.
        let mut values = vec![self.program.value_of(written_at, written), (written_at, written)];
        values.dedup_by(|a, b| std::ptr::eq(a.1, b.1));
        let is_put_together = |value: &Expr| !matches!(value, Expr::Text(_) | Expr::Literal(_));
        let values = values.into_iter().filter(|(_, value)| is_put_together(value));
        values.filter_map(|(spot, value)| text_of(self.program, spot, value, Reach::WHOLE)).collect()
    }
}

impl Said<'_> {
    fn fits(&self, test: &ArgumentTest) -> bool {
        let equals = test.equals.iter().any(|want| want.eq_ignore_ascii_case(self.text));
        let fits = equals || self.is_text && (starts(self.text.trim_start(), test) || ends(self.text, test));
        fits && (!self.is_handed_on || !test.starts.is_empty())
    }
}

/// Whether a text begins as asked.
fn starts(text: &str, test: &ArgumentTest) -> bool {
    test.starts.iter().any(|want| text.get(..want.len()).is_some_and(|head| head.eq_ignore_ascii_case(want)))
}

/// Whether a text, without its query, ends as asked.
fn ends(text: &str, test: &ArgumentTest) -> bool {
    if test.ends.is_empty() {
        return false;
    }
    let path = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/').to_ascii_lowercase();
    test.ends.iter().any(|want| path.ends_with(&want.to_ascii_lowercase()))
}

/// Whether a value is anything but nothing.
fn is_set(value: &Expr) -> bool {
    match value {
        Expr::Literal(text) => {
            !["false", "none", "null", "undefined", "0"].iter().any(|no| no.eq_ignore_ascii_case(text))
        }
        Expr::List(values) => !values.is_empty(),
        Expr::Map(entries) => !entries.is_empty(),
        _ => true,
    }
}
