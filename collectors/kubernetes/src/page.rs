//! One page of a list, read object by object: what no scan needs is skipped while it is read, and never held.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{observe, owner, provenance, restricted};

/// Where the next page begins, if there is one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) next: Option<String>,
    /// Objects on this page.
    pub(crate) seen: u64,
}

/// Reads a page and hands over each object of it, but for those that are not among the new: an object that `new` does not
/// reach is.
///
/// # Errors
/// It is no list, in words that say nothing of what it holds.
pub(crate) fn read(text: &[u8], new: &[bool], on: &mut dyn FnMut(Value)) -> Result<Read, String> {
    let mut page = Read::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let list = ListOf { new, on, page: &mut page };
    list.deserialize(&mut deserializer)
        .map_err(|error| format!("no list at line {}, column {}", error.line(), error.column()))?;
    Ok(page)
}

struct ListOf<'a> {
    new: &'a [bool],
    on: &'a mut dyn FnMut(Value),
    page: &'a mut Read,
}

impl<'de> DeserializeSeed<'de> for ListOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ListOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_items = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Metadata => {
                    let of = map.next_value::<ListMetadata>()?;
                    self.page.next = of.next();
                }
                Key::Items => {
                    has_items = true;
                    map.next_value_seed(Items {
                        new: self.new,
                        on: &mut *self.on,
                        seen: &mut self.page.seen,
                    })?;
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_items { Ok(()) } else { Err(serde::de::Error::custom("it has no items")) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    Metadata,
    Items,
    #[serde(other)]
    Other,
}

/// What a list says of itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl ListMetadata {
    /// Where the next page begins, if there is one.
    pub(crate) fn next(self) -> Option<String> {
        self.next.filter(|next| !next.is_empty())
    }
}

struct Items<'a> {
    new: &'a [bool],
    on: &'a mut dyn FnMut(Value),
    seen: &'a mut u64,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    // An empty list is `null` where a server was written so.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for at in 0.. {
            if *self.new.get(at).unwrap_or(&true) {
                let Some(object) = items.next_element_seed(Needed(At::Object))? else { break };
                (self.on)(object);
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
            *self.seen += 1;
        }
        Ok(())
    }
}

/// The name of a field, copied only where it is kept.
#[derive(Deserialize)]
struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

/// A value without what no scan needs.
struct Needed(At);

/// Where in an object a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Object,
    Metadata,
    Annotations,
    Owners,
    Status,
    /// Below the specification, so many values deep.
    Inside(u16),
    /// A container, or a list of some.
    Containers(u16),
    /// A variable, or a list of some.
    Variables(u16),
    /// Where a volume is mounted.
    Mounts(u16),
    /// Volumes.
    Volumes(u16),
    /// Ports of a container.
    Ports(u16),
    /// A probe of a container, or what it does when it starts or ends.
    Probe(u16),
    /// A value of which all is needed, whatever its keys are called: labels, and what a pod may do on its node.
    Whole(u16),
    /// A value of which it is enough that it is there.
    Present,
}

/// Annotations that something is read from.
fn is_read(annotation: &str) -> bool {
    provenance::ANNOTATIONS.contains(&annotation)
        || owner::KEYS.contains(&annotation)
        || observe::CLOUDS.iter().any(|(key, _)| *key == annotation)
        || annotation.starts_with(restricted::APP_ARMOR)
}

/// Values inside each other: what lies deeper is dropped.
const MAX_DEPTH: u16 = 48;

impl At {
    /// Where the value of a key stands, or nothing where it is not needed.
    fn of(self, key: &str) -> Option<Self> {
        match self {
            Self::Object => match key {
                "metadata" => Some(Self::Metadata),
                "status" => Some(Self::Status),
                // Contents of secrets and settings.
                "data" | "stringData" | "binaryData" => None,
                _ => Some(Self::Inside(0)),
            },
            Self::Metadata => match key {
                "annotations" => Some(Self::Annotations),
                "ownerReferences" => Some(Self::Owners),
                "labels" => Some(Self::Whole(0)),
                "name" | "namespace" | "generateName" => Some(Self::Inside(0)),
                _ => None,
            },
            Self::Annotations => is_read(key).then_some(Self::Inside(0)),
            Self::Owners => matches!(key, "kind" | "name").then_some(Self::Inside(0)),
            Self::Status => {
                const NEEDED: [&str; 6] = [
                    "containerStatuses",
                    "initContainerStatuses",
                    "discoveredTools",
                    "sync",
                    "artifact",
                    "url",
                ];
                NEEDED.contains(&key).then_some(Self::Inside(0))
            }
            // Of containers, in any kind of object, only what is read of them.
            Self::Containers(depth) => match key {
                "env" => Some(Self::Variables(depth + 1)),
                "volumeMounts" => Some(Self::Mounts(depth + 1)),
                "ports" => Some(Self::Ports(depth + 1)),
                "livenessProbe" | "readinessProbe" | "startupProbe" | "lifecycle" => {
                    Some(Self::Probe(depth + 1))
                }
                "securityContext" => Some(Self::Whole(depth + 1)),
                "name" | "image" | "envFrom" | "command" | "args" | "resources" | "script" | "source" => {
                    Some(Self::Inside(depth + 1))
                }
                _ => None,
            },
            Self::Variables(depth) => {
                matches!(key, "name" | "value" | "valueFrom").then_some(Self::Inside(depth + 1))
            }
            Self::Mounts(depth) => (key == "mountPath").then_some(Self::Inside(depth + 1)),
            Self::Volumes(depth) => match key {
                "persistentVolumeClaim" | "projected" | "image" => Some(Self::Inside(depth + 1)),
                "name" => None,
                // Of what kind it is.
                _ => Some(Self::Present),
            },
            Self::Ports(depth) => (key == "hostPort").then_some(Self::Inside(depth + 1)),
            Self::Probe(depth) if depth < MAX_DEPTH => match key {
                "httpGet" | "tcpSocket" | "postStart" | "preStop" => Some(Self::Probe(depth + 1)),
                "host" => Some(Self::Inside(depth + 1)),
                _ => None,
            },
            Self::Whole(depth) if depth < MAX_DEPTH => Some(Self::Whole(depth + 1)),
            Self::Inside(depth) if depth < MAX_DEPTH => match key {
                "containers" | "initContainers" | "ephemeralContainers" => Some(Self::Containers(depth + 1)),
                "volumes" => Some(Self::Volumes(depth + 1)),
                "labels" | "matchLabels" | "securityContext" => Some(Self::Whole(depth + 1)),
                _ => {
                    const NOT_NEEDED: [&str; 14] = [
                        "livenessProbe",
                        "readinessProbe",
                        "startupProbe",
                        "lifecycle",
                        "tolerations",
                        "affinity",
                        "topologySpreadConstraints",
                        "terminationMessagePath",
                        "terminationMessagePolicy",
                        "imagePullPolicy",
                        "openAPIV3Schema",
                        "managedFields",
                        "systemMessage",
                        "systemPrompt",
                    ];
                    (!NOT_NEEDED.contains(&key)).then_some(Self::Inside(depth + 1))
                }
            },
            Self::Inside(_) | Self::Probe(_) | Self::Whole(_) | Self::Present => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Needed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Needed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = match self.0 {
            At::Inside(depth) if depth < MAX_DEPTH => At::Inside(depth + 1),
            At::Whole(depth) if depth < MAX_DEPTH => At::Whole(depth + 1),
            At::Inside(_) | At::Whole(_) | At::Present => {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Value::Null);
            }
            at => at,
        };
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Self(inside))? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(Name(key)) = map.next_key::<Name<'_>>()? {
            match self.0.of(&key) {
                Some(inside) => {
                    let value = map.next_value_seed(Self(inside))?;
                    all.insert(key.into_owned(), value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn response(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/server/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn all(text: &[u8]) -> (Vec<Value>, Result<Read, String>) {
        let mut objects = Vec::new();
        let read = read(text, &[], &mut |object| objects.push(object));
        (objects, read)
    }

    #[test]
    fn pages_of_a_current_server() {
        let (objects, page) = all(&response("pods-page1"));
        let page = page.unwrap();
        assert_eq!(page.seen, objects.len() as u64);
        assert!(page.next.is_some() && page.seen > 1, "{page:?}");
        let shown = Value::Array(objects.clone()).to_string();
        assert!(!shown.contains("managedFields") && !shown.contains("periodSeconds"));
        assert!(objects[0].pointer("/spec/containers/0/image").is_some());
        // The last page of these was not recorded: the second leads on as well.
        assert!(all(&response("pods-page2")).1.unwrap().next.is_some());
    }

    #[test]
    fn what_is_no_list_is_refused_without_repeating_it() {
        for text in
            ["", "[]", "{}", "{\"items\": 7}", "{\"items\": [\"SECRET", "{\"items\": {\"a\": \"SECRET\"}}"]
        {
            let (_, read) = all(text.as_bytes());
            let why = read.expect_err(text);
            assert!(!why.contains("SECRET"), "{why}");
        }
        assert_eq!(all(b"{\"items\": null}").1, Ok(Read::default()));
    }

    #[test]
    fn labels_are_kept_whatever_they_are_called() {
        let labels =
            json!({"lifecycle": "spot", "affinity": "a", "volumes": "b", "containers": "c", "app": "bot"});
        let object = json!({"metadata": {"name": "n", "labels": labels}, "spec": {
            "podSelector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}});
        let (objects, _) = all(json!({"items": [object]}).to_string().as_bytes());
        assert_eq!(objects, [object]);
    }

    #[test]
    fn of_volumes_ports_and_probes_is_kept_what_they_are() {
        let container = |port: Value, probe: Value, hook: Value| json!({"name": "a", "ports": [port], "livenessProbe": probe, "lifecycle": {"preStop": hook}});
        let whole = container(
            json!({"containerPort": 80, "hostPort": 80}),
            json!({"httpGet": {"path": "/", "host": "h"}, "periodSeconds": 3}),
            json!({"exec": {"command": ["a"]}, "tcpSocket": {"host": "h", "port": 1}}),
        );
        let volumes = json!([{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "secret": {"secretName": "s"}, "nfs": null}]);
        let object =
            json!({"spec": {"containers": [whole], "ephemeralContainers": [whole], "volumes": volumes}});
        let kept = container(
            json!({"hostPort": 80}),
            json!({"httpGet": {"host": "h"}}),
            json!({"tcpSocket": {"host": "h"}}),
        );
        let (objects, _) = all(json!({"items": [object]}).to_string().as_bytes());
        assert_eq!(
            objects,
            [json!({"spec": {"containers": [kept], "ephemeralContainers": [kept],
                "volumes": [{"hostPath": {}}, {"secret": {}, "nfs": null}]}})]
        );
    }

    #[test]
    fn deep_values_are_cut_off() {
        let mut deep = json!("end");
        for _ in 0..100 {
            deep = json!({"a": [deep]});
        }
        let (objects, read) = all(json!({"items": [{"spec": deep}]}).to_string().as_bytes());
        // The parser has a bound of its own; both ways nothing breaks.
        assert!(read.is_err() || !objects[0].to_string().contains("end"));
    }

    proptest! {
        #[test]
        fn no_page_breaks_it(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(&text);
        }
    }
}
