//! Text in addresses.

use std::fmt::Write as _;

/// Text as it stands in a path, a query or a form: everything but letters, digits and `-._~` is escaped.
pub fn encoded(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}
