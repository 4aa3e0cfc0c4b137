//! What a call is given: arguments by name, by position, and inside the maps and constructor calls they stand for.

use muster_rules::{ArgumentTest, ToolArgument};

use crate::program::{CallSite, Program, Spot};
use crate::syntax::Expr;

/// How deep spreads and choices are followed.
const MAX_DEPTH: u8 = 6;

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
    program: &'p Program<'p>,
    site: CallSite,
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
            at = match at {
                Presence::Given(spot, value) => self.within(spot, value, name, MAX_DEPTH),
                other => return other,
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
        if spread { Presence::Unknown } else { Presence::Absent }
    }

    fn named(&self, name: &str) -> Presence<'p> {
        let call = self.program.module(self.site.module).call(self.site.call);
        let spot = self.spot();
        if let Some(argument) = call.arguments.iter().find(|a| a.name.as_deref() == Some(name)) {
            return Presence::Given(spot, &argument.value);
        }
        let mut unknown = false;
        for (position, argument) in call.arguments.iter().filter(|a| a.name.is_none()).enumerate() {
            match self.within(spot, &argument.value, name, MAX_DEPTH) {
                given @ Presence::Given(..) => return given,
                Presence::Absent => {}
                // The first argument of a call is mostly its subject, not its options.
                Presence::Unknown => {
                    unknown |= position > 0 || matches!(argument.value, Expr::Spread(_));
                }
            }
        }
        if unknown { Presence::Unknown } else { Presence::Absent }
    }

    /// The entry of a map, or the argument of a constructor, that a value is or stands for.
    fn within(&self, spot: Spot, value: &'p Expr, name: &str, depth: u8) -> Presence<'p> {
        let Some(depth) = depth.checked_sub(1) else { return Presence::Unknown };
        let (spot, value) = self.program.value_of(spot, value);
        match value {
            Expr::Map(entries) => {
                // Later entries win.
                if let Some((_, value)) = entries.iter().rev().find(|(key, _)| &**key == name) {
                    return Presence::Given(spot, value);
                }
                let mut unknown = false;
                for (_, entry) in entries.iter().rev().filter(|(key, _)| key.is_empty()) {
                    let Expr::Spread(inner) = entry else {
                        continue;
                    };
                    match self.within(spot, inner, name, depth) {
                        given @ Presence::Given(..) => return given,
                        Presence::Unknown => unknown = true,
                        Presence::Absent => {}
                    }
                }
                if unknown { Presence::Unknown } else { Presence::Absent }
            }
            Expr::Spread(inner) => self.within(spot, inner, name, depth),
            Expr::Choice(values) => {
                let found = values.iter().map(|value| self.within(spot, value, name, depth));
                found
                    .reduce(|a, b| if matches!(a, Presence::Given(..)) { a } else { b })
                    .unwrap_or(Presence::Unknown)
            }
            Expr::Call(call) => {
                let inner =
                    Self { program: self.program, site: CallSite { module: spot.module, call: *call } };
                let call = self.program.module(spot.module).call(*call);
                match call.arguments.iter().find(|a| a.name.as_deref() == Some(name)) {
                    Some(argument) => Presence::Given(inner.spot(), &argument.value),
                    None => match call.arguments.first() {
                        Some(only) if only.name.is_none() && matches!(only.value, Expr::Map(_)) => {
                            self.within(inner.spot(), &only.value, name, depth)
                        }
                        _ => Presence::Unknown,
                    },
                }
            }
            Expr::Text(_) | Expr::Literal(_) | Expr::List(_) | Expr::Function(_) | Expr::Class(_) => {
                Presence::Absent
            }
            Expr::Name(_) | Expr::Member(..) | Expr::Unknown => Presence::Unknown,
        }
    }

    /// Whether a condition of a rule holds.
    pub(crate) fn fit(&self, test: &ArgumentTest) -> bool {
        let found = self.find(&test.name);
        if test.absent {
            return found == Presence::Absent;
        }
        let Presence::Given(spot, value) = found else { return false };
        let (spot, value) = self.program.value_of(spot, value);
        if test.equals.is_empty() && test.starts.is_empty() {
            return is_set(value);
        }
        self.says(spot, value, test, MAX_DEPTH)
    }

    fn says(&self, spot: Spot, value: &Expr, test: &ArgumentTest, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let (spot, value) = self.program.value_of(spot, value);
        let equals = |text: &str| test.equals.iter().any(|want| want.eq_ignore_ascii_case(text));
        let starts = |text: &str| {
            let text = text.trim_start();
            test.starts
                .iter()
                .any(|want| text.get(..want.len()).is_some_and(|head| head.eq_ignore_ascii_case(want)))
        };
        match value {
            Expr::Text(text) => equals(text) || starts(text),
            Expr::Literal(text) => equals(text),
            // `PermissionMode.BYPASS` says what its last name says.
            Expr::Member(_, name) => equals(name),
            Expr::List(values) | Expr::Choice(values) => {
                values.iter().any(|v| self.says(spot, v, test, depth))
            }
            Expr::Call(call) => {
                // `text("SELECT …")`, `sql.raw("…")`: what is handed on.
                let call = self.program.module(spot.module).call(*call);
                let spot = Spot { module: spot.module, function: call.within };
                !test.starts.is_empty()
                    && call.arguments.first().is_some_and(|a| self.says(spot, &a.value, test, depth))
            }
            _ => false,
        }
    }
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
