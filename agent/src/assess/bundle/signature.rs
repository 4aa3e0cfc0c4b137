//! The signature of a bundle, in the form of minisign: over its manifest, which names all other files by their digests.

use std::io::Cursor;

use minisign::{PublicKey, PublicKeyBox, SecretKeyBox, SignatureBox};

use super::{Files, MANIFEST};

/// The signature of the manifest, where somebody signed it.
pub(crate) const SIGNATURE: &str = "manifest.json.minisig";
/// The longest comment that is told, in characters.
const COMMENT: usize = 200;

/// Signs a bundle with a secret key as minisign keeps it in a file. Returns the id of the key.
///
/// # Errors
/// It is no such key, or the password is wrong, missing or not needed. No error tells anything of either.
pub(crate) fn sign(files: &mut Files, key: &str, password: Option<String>) -> anyhow::Result<()> {
    let manifest = files.get(MANIFEST).map(Vec::as_slice).unwrap_or_default();
    let read = |text: &str| SecretKeyBox::from_string(text).ok();
    let plain = read(key).and_then(|key| key.into_unencrypted_secret_key().ok());
    let secret = match (plain, password) {
        (Some(key), _) => key,
        (None, Some(password)) => {
            read(key).and_then(|key| key.into_secret_key(Some(password)).ok()).ok_or_else(|| {
                anyhow::anyhow!("it is no secret key of minisign, or its password is another one")
            })?
        }
        (None, None) => {
            anyhow::bail!("it is no secret key of minisign, or it has a password and none was given")
        }
    };
    let name = super::of(files).unwrap_or_default();
    let trusted = format!("evidence of {name}");
    let signed = minisign::sign(
        None,
        &secret,
        Cursor::new(manifest),
        Some(trusted.trim_end()),
        Some("signature by muster"),
    );
    // What the library says of a failure may hold what it was given.
    let signed = signed.map_err(|_| anyhow::anyhow!("the signature could not be made"))?;
    files.insert(SIGNATURE.to_owned(), signed.into_string().into_bytes());
    Ok(())
}

/// Reads a public key: the file that minisign writes, or the line of digits in it.
///
/// # Errors
/// It is neither.
pub(crate) fn public_key(text: &str) -> Result<PublicKey, String> {
    let whole = PublicKeyBox::from_string(text).ok().and_then(|key| key.into_public_key().ok());
    whole
        .or_else(|| PublicKey::from_base64(text.trim()).ok())
        .ok_or_else(|| "it is no public key of minisign".to_owned())
}

/// What is wrong with the signature of a bundle; nothing where this key signed it as it is.
pub(crate) fn fault(files: &Files, key: &PublicKey) -> Option<String> {
    let Some(signature) = files.get(SIGNATURE) else {
        return Some(format!("`{SIGNATURE}` is missing: nobody signed it, or the signature was taken away"));
    };
    let signature = std::str::from_utf8(signature).ok().and_then(|text| SignatureBox::from_string(text).ok());
    let Some(signature) = signature else {
        return Some(format!("`{SIGNATURE}` is no signature of minisign"));
    };
    let manifest = files.get(MANIFEST).map(Vec::as_slice).unwrap_or_default();
    match minisign::verify(key, &signature, Cursor::new(manifest), true, false, false) {
        Ok(()) => None,
        Err(_) => Some(format!("`{SIGNATURE}` is no signature of this `{MANIFEST}` by this key")),
    }
}

/// What the signer says of it, and the key vouches for.
pub(crate) fn comment(files: &Files) -> Option<String> {
    let text = std::str::from_utf8(files.get(SIGNATURE)?).ok()?;
    let comment = SignatureBox::from_string(text).ok()?.trusted_comment().ok()?;
    Some(comment.chars().take(COMMENT).collect())
}

#[cfg(test)]
mod tests {
    use minisign::KeyPair;

    use super::*;

    fn bundle() -> Files {
        Files::from([(MANIFEST.to_owned(), b"{}\n".to_vec())])
    }

    fn keys(password: Option<&str>) -> (String, PublicKey) {
        let pair = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let KeyPair { pk, sk } = pair.unwrap();
        (sk.to_box(None).unwrap().into_string(), pk)
    }

    #[test]
    fn a_key_vouches_for_what_it_signed_and_for_nothing_else() {
        let ((secret, public), (_, other)) = (keys(None), keys(None));
        let mut files = bundle();
        assert!(fault(&files, &public).unwrap().contains("is missing"));
        sign(&mut files, &secret, None).unwrap();
        assert_eq!(fault(&files, &public), None);
        assert_eq!(comment(&files).as_deref(), Some("evidence of"));
        assert!(fault(&files, &other).unwrap().contains("by this key"));
        files.insert(MANIFEST.to_owned(), b"{ }\n".to_vec());
        assert!(fault(&files, &public).unwrap().contains("by this key"));
        for broken in [&b""[..], b"untrusted comment: x\nAAAA\n", b"\xff", b"a\nb\ntrusted comment: c\nd\n"] {
            files.insert(SIGNATURE.to_owned(), broken.to_vec());
            assert!(fault(&files, &public).unwrap().contains("no signature"), "{broken:?}");
        }
    }

    #[test]
    fn a_password_is_asked_for_where_a_key_has_one_and_told_by_nobody() {
        let (secret, public) = keys(Some("open sesame"));
        let mut files = bundle();
        for (key, password) in
            [(secret.as_str(), None), (&secret, Some("wrong")), ("x", None), ("x\ny", Some("open sesame"))]
        {
            let refused = sign(&mut files, key, password.map(str::to_owned)).unwrap_err().to_string();
            assert!(refused.starts_with("it is no secret key of minisign, or "), "{refused}");
            assert!(!files.contains_key(SIGNATURE));
        }
        sign(&mut files, &secret, Some("open sesame".to_owned())).unwrap();
        assert_eq!(fault(&files, &public), None);
    }

    #[test]
    fn a_public_key_is_a_file_or_a_line_of_it() {
        let (_, public) = keys(None);
        for text in
            [public.to_box().unwrap().into_string(), public.to_base64(), format!(" {}\n", public.to_base64())]
        {
            assert_eq!(public_key(&text).as_ref(), Ok(&public));
        }
        for text in ["", "RWQ", "untrusted comment: x", "a\nb"] {
            assert!(public_key(text).is_err(), "{text}");
        }
    }
}
