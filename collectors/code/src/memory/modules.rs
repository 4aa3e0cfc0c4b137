//! What source files say once they are parsed, found by their content and sealed with it.
//!
//! A text may hold a secret. What is kept of it is therefore encrypted under a key that is a hash of the text: whoever has the file
//! can read what it says, and whoever has only the cache cannot.

use asmm_model::Role;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use muster_collect::{Cache, EntryName, Kept};

use super::{Held, STATE};
use crate::syntax::{Dialect, Module};

/// Bytes of one module: the largest source file says less.
const MAX_MODULE: usize = 64 << 20;
/// What keys are made for, so that none is the name of anything.
const PURPOSE: &str = "muster 2026-11 what a source file says";

/// Parsed files of all targets.
#[derive(Clone, Copy)]
pub(crate) struct Modules<'c> {
    pub(super) cache: &'c dyn Cache,
    pub(super) base: [u8; STATE],
}

/// A text that may have been parsed before.
pub(crate) struct Text {
    name: EntryName,
    key: [u8; 32],
    bytes: usize,
}

impl Modules<'_> {
    /// A text, and how it is read.
    pub(crate) fn text(&self, dialect: Dialect, role: Role, text: &[u8]) -> Text {
        let how = [dialect as u8, role as u8];
        let mut key = blake3::Hasher::new_derive_key(PURPOSE);
        key.update(&self.base).update(&how).update(text);
        Text {
            name: EntryName::of(&[&self.base, &how, text]),
            key: *key.finalize().as_bytes(),
            bytes: text.len(),
        }
    }

    /// The modules of texts, as far as they are known.
    pub(crate) fn recall(&self, texts: &[Text], held: &Held) -> Vec<Option<Module>> {
        let mut known: Vec<Option<Module>> = texts.iter().map(|text| held.get(text.name)).collect();
        let others: Vec<&Text> =
            texts.iter().zip(&known).filter(|(_, m)| m.is_none()).map(|(t, _)| t).collect();
        if others.is_empty() {
            return known;
        }
        let names: Vec<EntryName> = others.iter().map(|text| text.name).collect();
        let kept = self.cache.read(Kept::Module, &names).into_iter().chain(std::iter::repeat(None));
        let missing = known.iter_mut().filter(|module| module.is_none());
        for ((module, text), sealed) in missing.zip(others).zip(kept) {
            *module = sealed.and_then(|sealed| text.open(sealed));
            if let Some(module) = module {
                held.put(text.name, module, text.bytes);
            }
        }
        known
    }

    /// Keeps modules.
    pub(crate) fn keep(&self, sealed: Vec<(EntryName, Vec<u8>)>) {
        if !sealed.is_empty() {
            self.cache.write(Kept::Module, sealed);
        }
    }
}

impl Text {
    /// Holds what it says for the targets that come next.
    pub(crate) fn hold(&self, module: &Module, held: &Held) {
        held.put(self.name, module, self.bytes);
    }

    /// What it says, as it is kept.
    pub(crate) fn seal(&self, module: &Module) -> Option<(EntryName, Vec<u8>)> {
        let mut bytes = compress_to_vec(&postcard::to_stdvec(module).ok()?, 1);
        self.key()?.seal_in_place_append_tag(nonce(), Aad::empty(), &mut bytes).ok()?;
        Some((self.name, bytes))
    }

    /// What was kept of it. The module has no path.
    fn open(&self, mut sealed: Vec<u8>) -> Option<Module> {
        let bytes = self.key()?.open_in_place(nonce(), Aad::empty(), &mut sealed).ok()?;
        postcard::from_bytes(&decompress_to_vec_with_limit(bytes, MAX_MODULE).ok()?).ok()
    }

    fn key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.key).ok().map(LessSafeKey::new)
    }
}

/// One key seals one text under one set of rules, and always to the same bytes: no nonce is used for two of them.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
