//! Notices for Slack: blocks of plain text, within the limits that Slack sets.

use serde_json::{Value, json};

use super::notice::Notice;
use super::plan::Delivery;
use super::words::{headline, inert, lines, rest};

/// Sections with a notice: with the heading, the rest and the link no more than the 50 blocks of a message.
const MAX_SECTIONS: usize = 45;
/// Letters of one text, of the 3,000 that Slack takes: some become five when they are escaped.
const MAX_LETTERS: usize = 2900;
/// Letters of a heading, of the 150 that Slack takes.
const MAX_HEADING: usize = 140;

/// The body of the request.
pub(super) fn body(delivery: &Delivery, batch: usize, link: Option<&str>) -> Value {
    let (shown, left) = delivery.notices.split_at(delivery.notices.len().min(batch).min(MAX_SECTIONS));
    let title = headline(&delivery.notices);
    let mut blocks = vec![json!({"type": "header", "text": plain(&title, MAX_HEADING)})];
    blocks.extend(
        shown.iter().map(|notice| json!({"type": "section", "text": plain(&told(notice), MAX_LETTERS)})),
    );
    if let Some(rest) = rest(left) {
        blocks.push(json!({"type": "section", "text": plain(&rest, MAX_LETTERS)}));
    }
    if let Some(link) = link {
        blocks.push(json!({
            "type": "actions",
            "elements": [{"type": "button", "text": plain("Review", MAX_HEADING), "url": link}],
        }));
    }
    // Slack has no way to recognise a message that comes twice: people have this one.
    let id = format!("Delivery {}", delivery.id);
    blocks.push(json!({"type": "context", "elements": [plain(&id, MAX_LETTERS)]}));
    json!({
        // What a notification shows, where Slack would read mentions: no word of it was scanned.
        "text": title,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

fn told(notice: &Notice) -> String {
    let mut text = notice.says.clone();
    for line in lines(notice) {
        text.push_str("\n• ");
        text.push_str(&line);
    }
    text
}

/// A text in which Slack reads no formatting, and could not make a mention or a link if it did.
fn plain(text: &str, most: usize) -> Value {
    let mut escaped = String::new();
    let mut count = 0;
    for letter in inert(text).chars() {
        let piece = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        count += piece.len().max(letter.len_utf16());
        if count > most {
            escaped.push('…');
            break;
        }
        if piece.is_empty() { escaped.push(letter) } else { escaped.push_str(piece) }
    }
    json!({"type": "plain_text", "text": escaped, "emoji": false})
}
