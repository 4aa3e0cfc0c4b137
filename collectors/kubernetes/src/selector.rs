//! Selectors of labels, as Kubernetes reads them; where not every label is known, neither may be what they select.

use serde_json::{Map, Value};

/// What is known of one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label<'l> {
    Is(&'l str),
    Absent,
    /// It may be there, with whatever value.
    Unknown,
}

/// Whether a selector with `matchLabels` and `matchExpressions` selects what has these labels; nothing where that cannot
/// be told. One that asks for nothing selects all, and so does one that is not there.
pub(crate) fn selects<'l>(selector: Option<&Value>, label: &dyn Fn(&str) -> Label<'l>) -> Option<bool> {
    let Some(selector) = selector.filter(|selector| !selector.is_null()) else { return Some(true) };
    all(selector.as_object()?.iter().map(|(key, asked)| match (key.as_str(), asked) {
        (_, Value::Null) => Some(true),
        ("matchLabels", Value::Object(labels)) => has_all(labels, label),
        ("matchExpressions", Value::Array(asked)) => {
            all(asked.iter().map(|asked| asked.as_object().and_then(|asked| meets(asked, label))))
        }
        _ => None,
    }))
}

/// Whether all of several answers are yes: one that is no settles it.
pub(crate) fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut of_all = Some(true);
    for answer in answers {
        match answer {
            Some(true) => {}
            Some(false) => return Some(false),
            None => of_all = None,
        }
    }
    of_all
}

/// Whether any of several answers is yes.
pub(crate) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.map(|answer| answer.map(|is| !is))).map(|none| !none)
}

fn has_all<'l>(labels: &Map<String, Value>, label: &dyn Fn(&str) -> Label<'l>) -> Option<bool> {
    all(labels.iter().map(|(key, asked)| match (label(key), asked.as_str()) {
        (Label::Is(value), Some(asked)) => Some(value == asked),
        (Label::Absent, _) => Some(false),
        (Label::Unknown, _) | (_, None) => None,
    }))
}

fn meets<'l>(asked: &Map<String, Value>, label: &dyn Fn(&str) -> Label<'l>) -> Option<bool> {
    let label = label(asked.get("key")?.as_str()?);
    let is_among = |value: &str| {
        let values = asked.get("values")?.as_array().filter(|values| !values.is_empty())?;
        Some(values.iter().any(|one| one == value))
    };
    match (asked.get("operator")?.as_str()?, label) {
        ("In", Label::Is(value)) => is_among(value),
        ("NotIn", Label::Is(value)) => is_among(value).map(|is| !is),
        // What has no such label has none of the values either.
        ("NotIn" | "DoesNotExist", Label::Absent) | ("Exists", Label::Is(_)) => Some(true),
        ("In" | "Exists", Label::Absent) | ("DoesNotExist", Label::Is(_)) => Some(false),
        // Of what is not known, and in words of another version.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of_bot(key: &str) -> Label<'static> {
        match key {
            "app" => Label::Is("bot"),
            "tier" => Label::Is("back"),
            "hash" => Label::Unknown,
            _ => Label::Absent,
        }
    }

    #[test]
    fn selectors_are_read_as_kubernetes_reads_them() {
        let one = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), Some(true)),
            (json!(null), Some(true)),
            (json!({"matchLabels": null, "matchExpressions": null}), Some(true)),
            (json!({"matchLabels": {}, "matchExpressions": []}), Some(true)),
            (json!({"matchLabels": {"app": "bot"}}), Some(true)),
            (json!({"matchLabels": {"app": "bot", "tier": "front"}}), Some(false)),
            (json!({"matchLabels": {"none": ""}}), Some(false)),
            (json!({"matchLabels": {"hash": "a"}}), None),
            (json!({"matchLabels": {"hash": "a", "app": "other"}}), Some(false)),
            (one("app", "In", json!(["web", "bot"])), Some(true)),
            (one("app", "In", json!(["web"])), Some(false)),
            (one("none", "In", json!(["web"])), Some(false)),
            (one("app", "NotIn", json!(["web"])), Some(true)),
            (one("app", "NotIn", json!(["bot"])), Some(false)),
            (one("none", "NotIn", json!(["bot"])), Some(true)),
            (one("hash", "NotIn", json!(["bot"])), None),
            (one("app", "Exists", json!(null)), Some(true)),
            (one("none", "Exists", json!([])), Some(false)),
            (one("app", "DoesNotExist", json!(null)), Some(false)),
            (one("none", "DoesNotExist", json!(null)), Some(true)),
            (one("hash", "DoesNotExist", json!(null)), None),
            (one("app", "Like", json!(["bot"])), None),
            (one("app", "In", json!([])), None),
            (one("app", "In", json!("bot")), None),
            (json!({"matchExpressions": [{"operator": "Exists"}]}), None),
            (json!({"matchExpressions": ["app"]}), None),
            (json!({"matchLabels": {"app": 3}}), None),
            (json!({"matchFields": []}), None),
            (json!("app=bot"), None),
            (
                json!({"matchLabels": {"app": "bot"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}),
                Some(false),
            ),
        ] {
            assert_eq!(selects(Some(&selector), &of_bot), expected, "{selector}");
        }
        assert_eq!(selects(None, &of_bot), Some(true));
    }

    proptest! {
        /// What is told without knowing a label stays so whatever the label turns out to be.
        #[test]
        fn an_answer_holds_for_every_value_of_what_is_unknown(
            key in "[abc]", value in "[xy]", operator in "In|NotIn|Exists|DoesNotExist", asked in "[abc]",
            values in proptest::collection::vec("[xy]", 1..3), of_c in proptest::option::of("[xy]"),
        ) {
            let selector = json!({"matchLabels": {key: value}, "matchExpressions": [{"key": asked, "operator": operator, "values": values}]});
            let label = |c| move |key: &str| match key { "a" => Label::Is("x"), "c" => c, _ => Label::Absent };
            let unknown = selects(Some(&selector), &label(Label::Unknown));
            let known = selects(Some(&selector), &label(of_c.as_deref().map_or(Label::Absent, Label::Is)));
            prop_assert!(known.is_some());
            prop_assert!(unknown.is_none() || unknown == known);
        }
    }
}
