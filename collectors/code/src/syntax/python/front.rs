//! Python, parsed by a parser of Python alone: ten times as fast as by its grammar, where the text has no error.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, lexer, parse_unchecked};

use super::super::outline::Outline;
use super::tree;

/// Tokens that may nest in one another, and blocks in one another. Beyond it the grammar is asked, which needs no stack.
const MOST_NESTED: u32 = 500;

/// The tree of a file; `None` where the grammar must be asked: for what is no Python of today, what is broken, and what
/// is nested deeper than the stack is made for.
pub(in crate::syntax) fn outline(source: &[u8]) -> Option<Outline> {
    let text = std::str::from_utf8(source).ok()?;
    if u32::try_from(text.len()).is_err() || is_deep(text) {
        return None;
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    if parsed.has_invalid_syntax() {
        return None;
    }
    let module = parsed.try_into_module()?;
    Some(tree::outline(text, module.suite()))
}

/// Whether something may be nested too deep: every token since the last comma counts, in every bracket that is open.
fn is_deep(text: &str) -> bool {
    let mut tokens = lexer::lex(text, Mode::Module);
    let (mut outer, mut brackets, mut blocks) = (Vec::new(), 0_u32, 0_u32);
    let mut here = 0_u32;
    loop {
        match tokens.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                outer.push(here + 1);
                brackets += here + 1;
                here = 0;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                here = outer.pop().unwrap_or(here);
                brackets = brackets.saturating_sub(here);
            }
            TokenKind::Comma => here = 0,
            // The commas between its parameters end nothing.
            TokenKind::Lambda => brackets += 1,
            TokenKind::Newline => {
                outer.clear();
                (here, brackets) = (0, 0);
            }
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Comment | TokenKind::NonLogicalNewline => {}
            _ => here += 1,
        }
        if here + brackets + blocks > MOST_NESTED {
            return true;
        }
    }
}
