//! Answers in XML, as the JSON that the command line of AWS would print of them.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// Elements inside each other.
const MAX_DEPTH: usize = 48;

/// Reads the content of the outermost element, or of the `…Result` in it. Elements `member` and `item` make a list; an
/// empty element is null, since nothing tells an empty text from an empty list. Entities of a document are not followed.
pub(crate) fn read(text: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut whole = None;
    loop {
        match reader
            .read_event()
            .map_err(|error| format!("no XML at byte {}: {error}", reader.error_position()))?
        {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err("it is nested too deeply".to_owned());
                }
                open.push(Element::named(start.local_name().as_ref()));
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                if let Some(parent) = open.last_mut() {
                    parent.put(name, Value::Null);
                }
            }
            Event::End(_) => {
                let Some(done) = open.pop() else {
                    return Err("an element ends that did not begin".to_owned());
                };
                let (name, value) = done.finish();
                match open.last_mut() {
                    Some(parent) => parent.put(name, value),
                    None => whole = Some(value),
                }
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(entity) => {
                let name: &str = &entity;
                let meant = unescape(&format!("&{name};")).map(std::borrow::Cow::into_owned);
                if let (Some(element), Ok(meant)) = (open.last_mut(), meant) {
                    element.text.push_str(&meant);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err("it ends in the middle".to_owned());
    }
    let whole = whole.ok_or("it holds no element")?;
    let result = match &whole {
        Value::Object(map) => {
            map.iter().find(|(name, _)| name.ends_with("Result")).map(|(_, value)| value.clone())
        }
        _ => None,
    };
    Ok(result.unwrap_or(whole))
}

/// An element that has begun.
struct Element {
    name: String,
    text: String,
    map: Map<String, Value>,
    list: Vec<Value>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), text: String::new(), map: Map::new(), list: Vec::new() }
    }

    fn put(&mut self, name: String, value: Value) {
        if name == "member" || name == "item" {
            self.list.push(value);
        } else {
            self.map.insert(name, value);
        }
    }

    fn finish(self) -> (String, Value) {
        let Self { name, text, map, list } = self;
        let value = if !list.is_empty() {
            Value::Array(list)
        } else if !map.is_empty() {
            Value::Object(map)
        } else if text.trim().is_empty() {
            Value::Null
        } else if name.starts_with("Is") && (text == "true" || text == "false") {
            Value::Bool(text == "true")
        } else {
            Value::String(text)
        };
        (name, value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_reads_as_the_command_line_prints_it() {
        let text = br#"<?xml version="1.0"?>
<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <GetAccountAuthorizationDetailsResult>
    <IsTruncated>false</IsTruncated>
    <UserDetailList/>
    <RoleDetailList><member><RoleName>a&amp;b&#x41;</RoleName><Tags></Tags></member><member><RoleName>true</RoleName></member></RoleDetailList>
  </GetAccountAuthorizationDetailsResult>
  <ResponseMetadata><RequestId>x</RequestId></ResponseMetadata>
</GetAccountAuthorizationDetailsResponse>"#;
        assert_eq!(
            read(text).unwrap(),
            json!({"IsTruncated": false, "UserDetailList": null, "RoleDetailList": [{"RoleName": "a&bA", "Tags": null}, {"RoleName": "true"}]})
        );
    }

    #[test]
    fn what_is_no_answer_says_so() {
        assert!(read(b"<a><b></a>").is_err());
        assert!(read(b"<a><b>").unwrap_err().contains("ends in the middle"));
        assert!(read(b"").is_err());
        assert!(read(&b"<a>".repeat(100)).unwrap_err().contains("too deeply"));
        let bomb = br#"<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>"#;
        assert_eq!(read(bomb).unwrap(), Value::Null);
    }
}
