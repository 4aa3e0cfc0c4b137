//! Notices for Microsoft Teams: an Adaptive Card, in the envelope that workflows take.

use serde_json::{Value, json};

use super::notice::Notice;
use super::plan::Delivery;
use super::words::{headline, inert, lines, rest};

/// Bytes of notices in one card, of the 28 KB that Teams takes for the whole message.
const MAX_BYTES: usize = 20 * 1024;

/// The body of the request.
pub(super) fn body(delivery: &Delivery, batch: usize, link: Option<&str>) -> Value {
    let title = headline(&delivery.notices);
    let mut body = vec![block(&title, "Large")];
    let (mut used, mut shown) = (0, 0);
    for notice in delivery.notices.iter().take(batch) {
        let told = told(notice);
        let size = told.to_string().len();
        if used + size > MAX_BYTES {
            break;
        }
        used += size;
        shown += 1;
        body.push(told);
    }
    if let Some(rest) = rest(&delivery.notices[shown..]) {
        body.push(block(&rest, "Default"));
    }
    body.push(json!({
        "type": "TextBlock", "text": format!("Delivery {}", delivery.id), "size": "Small", "isSubtle": true,
        "wrap": true,
    }));
    let actions: Vec<Value> = link
        .map(|link| json!({"type": "Action.OpenUrl", "title": "Review", "url": link}))
        .into_iter()
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": title,
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// A text of this program: Teams reads Markdown in it, and mentions.
fn block(text: &str, size: &str) -> Value {
    json!({"type": "TextBlock", "text": text, "size": size, "weight": "Bolder", "wrap": true})
}

/// One notice, in runs of text, which are the one element that is never read as Markdown.
fn told(notice: &Notice) -> Value {
    // A line is a block of its own: not every program breaks a line within a run.
    let mut items = vec![line(&notice.says, true)];
    items.extend(lines(notice).iter().map(|text| line(&format!("• {text}"), false)));
    json!({"type": "Container", "separator": true, "items": items})
}

fn line(text: &str, strong: bool) -> Value {
    // Whether entities are shown as what they stand for depends on the program; these signs look the same in all of them.
    let text = inert(text).replace('<', "‹").replace('>', "›").replace('&', "＆").replace("{{", "{ {");
    let run = json!({"type": "TextRun", "text": text, "weight": if strong { "Bolder" } else { "Default" }});
    json!({"type": "RichTextBlock", "spacing": if strong { "Default" } else { "None" }, "inlines": [run]})
}
