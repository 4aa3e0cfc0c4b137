//! Keys that write no letter, as WebDriver names them.

/// Back to the character before.
pub const BACKSPACE: &str = "\u{E003}";
/// To the next field.
pub const TAB: &str = "\u{E004}";
/// The large one.
pub const ENTER: &str = "\u{E007}";
/// Held together with another.
pub const SHIFT: &str = "\u{E008}";
/// Held together with another.
pub const CONTROL: &str = "\u{E009}";
/// Held together with another.
pub const ALT: &str = "\u{E00A}";
/// Leaves something.
pub const ESCAPE: &str = "\u{E00C}";
/// Writes a blank, or presses a button.
pub const SPACE: &str = " ";
/// A page up.
pub const PAGE_UP: &str = "\u{E00E}";
/// A page down.
pub const PAGE_DOWN: &str = "\u{E00F}";
/// To the last.
pub const END: &str = "\u{E010}";
/// To the first.
pub const HOME: &str = "\u{E011}";
/// To the left.
pub const LEFT: &str = "\u{E012}";
/// Upwards.
pub const UP: &str = "\u{E013}";
/// To the right.
pub const RIGHT: &str = "\u{E014}";
/// Downwards.
pub const DOWN: &str = "\u{E015}";
/// Removes.
pub const DELETE: &str = "\u{E017}";
