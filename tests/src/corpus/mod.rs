//! The corpus: stories in Markdown, each with its files and what a careful reviewer would say about them.
//!
//! A `##` heading begins a case. A block whose info string ends in a path is a file of the case; in it, a comment at
//! the end of a line says which rules have evidence there (`# expect: uses-langgraph`, `// expect-none`). The comment is
//! cut off before the file is written: the scanner never sees it. A block `expect` holds claims about the inventory,
//! one per line or separated by `;`:
//!
//! ```text
//! no systems
//! no gaps
//! gap data/big.py too-large
//! system: agentic L3                                      the only system
//! system refunds at services/refunds: not_agentic L0-L1 kind pipeline hitl none role production
//! C4 yes                                                  about the system above; also `no`, `unknown`, `not yes`
//! C5 yes by workflow-starts-agent at .github/workflows/nightly.yml "cron:"
//! tools send_refund, find_order                           all of them
//! tool send_refund: pay gate none at app.py "def send_refund"
//! no tools; no tool find_order
//! trigger schedule "0 2 * * *" at .github/workflows/nightly.yml:4
//! no triggers; no trigger schedule
//! identity env-credential OPENAI_API_KEY inferred         or `stated`
//! no identity GITHUB_TOKEN
//! known builds-image ghcr.io/acme/refunds strong at Dockerfile
//! no known; no known ghcr.io/acme/other                   what it is known by elsewhere
//! component agent-framework langgraph role production version 0.2.1
//! component mcp mcp noted server                         with a piece of evidence that says so
//! component mcp mcp access remote                         how a server is reached
//! offers send, find; no offers                            all tools that servers among the components offer
//! offers send: write gate unknown at app.py "def send"
//! no component openai
//! model gpt-4o provider openai floating                   or `pinned`
//! settles C3
//! ```
//!
//! `at PATH:LINE` and `at PATH "text"` name a place; the text must be on exactly one line of that file. Where a block
//! names systems at all, it names all of them. Claims before the first system are about the whole inventory.

mod case;
mod claim;
mod hold;
mod markdown;
mod run;

pub use case::{Case, Mistake, cases};
pub use run::run;
