//! What a system is known by to be the same as before: a hash of everything that is written of it.
//!
//! This is most of what a night costs in which almost nothing changed. The values are hashed as they are, each with its kind and its
//! length before it: to write JSON and hash that takes twice as long, since JSON looks at each byte of a text for what to escape.

use std::sync::Arc;

use asmm_model::System;
use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use tokio::task::JoinHandle;

/// Bytes that are hashed at once: of many of them, the hash works on several blocks side by side.
const PIECE: usize = 64 * 1024;

/// Systems that are not worth a thread of their own.
const FEW: usize = 16;

type Result<T> = serde_json::Result<T>;

/// What a system is known by to be the same as before, evidence and all.
///
/// # Errors
/// None: a system has only values that can be written.
pub(super) fn digest(system: &System) -> Result<String> {
    let mut hash = Hash { hasher: blake3::Hasher::new(), piece: Vec::with_capacity(PIECE) };
    system.serialize(&mut hash)?;
    Ok(hash.end())
}

/// Digests of systems, being made.
#[expect(clippy::rc_buffer, reason = "it is taken back as it was given, without a copy")]
pub(super) struct Digests {
    systems: Arc<Vec<System>>,
    work: Vec<JoinHandle<Result<Vec<String>>>>,
}

impl Digests {
    /// Begins to make digests, on as many threads as there are processors; the database is asked meanwhile.
    pub(super) fn of(systems: Vec<System>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let each = systems.len().div_ceil(threads).max(FEW);
        // Shared and not moved: a system is some KB before its texts.
        let systems = Arc::new(systems);
        let part = |from: usize| {
            let systems = Arc::clone(&systems);
            tokio::task::spawn_blocking(move || systems[from..].iter().take(each).map(digest).collect())
        };
        let work = (0..systems.len()).step_by(each).map(part).collect();
        Self { systems, work }
    }

    /// Waits for them, and gives them with their systems, in the order of these.
    ///
    /// # Errors
    /// A digest was not made.
    pub(super) async fn made(self) -> Result<(Vec<System>, Vec<String>)> {
        let lost = || serde_json::Error::custom("a digest was not made");
        let mut digests = Vec::with_capacity(self.systems.len());
        for part in self.work {
            digests.extend(part.await.map_err(|_| lost())??);
        }
        let systems = Arc::into_inner(self.systems).ok_or_else(lost)?;
        Ok((systems, digests))
    }
}

/// What stands before a value, so that no two values are written alike.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Unit,
    False,
    True,
    Signed,
    Unsigned,
    Float,
    Char,
    Text,
    Bytes,
    /// The name of a variant; its value follows.
    Variant,
    /// Values until the end.
    List,
    /// Names and values until the end.
    Fields,
    End,
}

struct Hash {
    hasher: blake3::Hasher,
    piece: Vec<u8>,
}

impl Hash {
    fn end(mut self) -> String {
        self.hasher.update(&self.piece);
        self.hasher.finalize().to_hex()[..32].to_owned()
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.piece.len() + bytes.len() > PIECE {
            self.hasher.update(&self.piece);
            self.piece.clear();
        }
        if bytes.len() > PIECE {
            self.hasher.update(bytes);
        } else {
            self.piece.extend_from_slice(bytes);
        }
    }

    fn kind(&mut self, kind: Kind) {
        self.put(&[kind as u8]);
    }

    fn fixed(&mut self, kind: Kind, value: [u8; 8]) {
        let mut all = [kind as u8; 9];
        all[1..].copy_from_slice(&value);
        self.put(&all);
    }

    fn sized(&mut self, kind: Kind, bytes: &[u8]) {
        self.fixed(kind, (bytes.len() as u64).to_le_bytes());
        self.put(bytes);
    }
}

macro_rules! fixed {
    ($($method:ident $of:ty, $as:ty, $kind:ident;)*) => {
        $(fn $method(self, value: $of) -> Result<()> {
            self.fixed(Kind::$kind, <$as>::from(value).to_le_bytes());
            Ok(())
        })*
    };
}

impl Serializer for &mut Hash {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fixed! {
        serialize_i8 i8, i64, Signed;
        serialize_i16 i16, i64, Signed;
        serialize_i32 i32, i64, Signed;
        serialize_i64 i64, i64, Signed;
        serialize_u8 u8, u64, Unsigned;
        serialize_u16 u16, u64, Unsigned;
        serialize_u32 u32, u64, Unsigned;
        serialize_u64 u64, u64, Unsigned;
        serialize_f32 f32, f64, Float;
        serialize_f64 f64, f64, Float;
        serialize_char char, u64, Char;
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.kind(if value { Kind::True } else { Kind::False });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.sized(Kind::Text, value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.sized(Kind::Bytes, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.kind(Kind::None);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.kind(Kind::Unit);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.sized(Kind::Variant, variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self> {
        self.kind(Kind::List);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self> {
        self.kind(Kind::List);
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self> {
        self.kind(Kind::List);
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self> {
        self.sized(Kind::Variant, variant.as_bytes());
        self.kind(Kind::List);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self> {
        self.kind(Kind::Fields);
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self> {
        self.kind(Kind::Fields);
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self> {
        self.sized(Kind::Variant, variant.as_bytes());
        self.kind(Kind::Fields);
        Ok(self)
    }
}

macro_rules! lists {
    ($($of:ident $method:ident;)*) => {
        $(impl $of for &mut Hash {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<()> {
                self.kind(Kind::End);
                Ok(())
            }
        })*
    };
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! fields {
    ($($of:ident)*) => {
        $(impl $of for &mut Hash {
            type Ok = ();
            type Error = serde_json::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                self.sized(Kind::Text, name.as_bytes());
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<()> {
                self.kind(Kind::End);
                Ok(())
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for &mut Hash {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<()> {
        self.kind(Kind::End);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::sample;

    fn of(value: &impl Serialize) -> String {
        let mut hash = Hash { hasher: blake3::Hasher::new(), piece: Vec::new() };
        value.serialize(&mut hash).unwrap();
        hash.end()
    }

    #[test]
    fn what_is_not_written_alike_in_json_has_another_digest() {
        let values = [
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(-1),
            json!(1),
            json!(1.0),
            json!(""),
            json!("1"),
            json!([]),
            json!([[]]),
            json!([[], []]),
            json!([null]),
            json!({}),
            json!([{}]),
            json!({"a": "b"}),
            json!(["a", "b"]),
            json!("ab"),
            json!(["ab"]),
            json!(["a", ["b"]]),
            json!([["a"], "b"]),
            json!({"a": {}}),
            json!({"a": null}),
            json!({"": "ab"}),
            json!({"ab": ""}),
            json!("x".repeat(PIECE)),
            json!("x".repeat(PIECE + 1)),
            json!(["x".repeat(PIECE), "x"]),
            json!(["x", "x".repeat(PIECE)]),
        ];
        let mut seen: HashMap<String, &Value> = HashMap::new();
        for value in &values {
            if let Some(other) = seen.insert(of(value), value) {
                panic!("{other} and {value} have one digest");
            }
        }
    }

    #[test]
    fn a_text_that_is_longer_than_a_piece_is_hashed_wholly() {
        let long = "y".repeat(3 * PIECE);
        let other = format!("{}z", &long[1..]);
        assert_ne!(of(&long), of(&other));
        assert_eq!(of(&long), of(&long.clone()));
    }

    proptest! {
        #[test]
        fn the_digest_follows_the_json(a in values(), b in values()) {
            prop_assert_eq!(of(&a) == of(&b), a == b);
            prop_assert_eq!(of(&a), of(&a.clone()));
        }
    }

    fn values() -> impl Strategy<Value = BTreeMap<String, Vec<Option<String>>>> {
        let text = "[ab\\PC]{0,2}";
        prop::collection::btree_map(text, prop::collection::vec(prop::option::of(text), 0..3), 0..3)
    }

    /// Each part of a system is in its digest.
    #[test]
    fn a_system_that_differs_in_one_value_has_another_digest() {
        let system = sample::inventory(sample::refunds(".").observations()).systems.remove(0);
        let whole = serde_json::to_value(&system).unwrap();
        let before = digest(&system).unwrap();
        assert_eq!(digest(&serde_json::from_value(whole.clone()).unwrap()).unwrap(), before);
        let mut changed = 0;
        for pointer in texts(&whole, "") {
            let mut other = whole.clone();
            *other.pointer_mut(&pointer).unwrap() = Value::from("something else");
            // What takes only certain words is tried by the values that it takes elsewhere.
            if let Ok(other) = serde_json::from_value::<System>(other) {
                assert_ne!(digest(&other).unwrap(), before, "{pointer}");
                changed += 1;
            }
        }
        assert!(changed > 20, "{changed}");
    }

    fn texts(value: &Value, at: &str) -> Vec<String> {
        match value {
            Value::String(_) => vec![at.to_owned()],
            Value::Array(items) => {
                items.iter().enumerate().flat_map(|(n, item)| texts(item, &format!("{at}/{n}"))).collect()
            }
            Value::Object(fields) => {
                fields.iter().flat_map(|(name, item)| texts(item, &format!("{at}/{name}"))).collect()
            }
            _ => Vec::new(),
        }
    }
}
