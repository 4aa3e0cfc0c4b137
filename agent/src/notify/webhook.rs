//! Notices for programs: a document in JSON, and a signature of it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use sha2::Sha256;

use super::notice::Notice;
use super::plan::Delivery;

/// Name and version of the document.
pub(crate) const SCHEMA: &str = "muster.notices/1";
/// The header with the signature.
pub(super) const SIGNATURE: &str = "Muster-Signature";
/// The header with the id of the delivery, the same when it is sent again.
pub(super) const DELIVERY: &str = "Muster-Delivery";
/// Fewest bytes of a secret to sign with.
pub(super) const LEAST_SECRET: usize = 16;

/// What a webhook is sent. Fields may be added within one version of the document.
#[derive(Debug, Serialize, JsonSchema)]
struct Document<'d> {
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The same as in the header `Muster-Delivery`. Whoever saw it before has seen the same notices.
    id: &'d str,
    /// The name of the channel in the configuration.
    channel: &'d str,
    /// Where systems are reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'d str>,
    notices: &'d [Notice],
}

/// The body of the request. It tells no time of sending, so that it is the same when it is sent again.
pub(super) fn body(delivery: &Delivery, link: Option<&str>) -> serde_json::Result<Vec<u8>> {
    let Delivery { channel, id, notices } = delivery;
    serde_json::to_vec(&Document { schema: SCHEMA, id, channel, link, notices })
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 under the secret, of the seconds since 1970, a dot, and the body as it is sent. The time
/// is signed as well, so that a receiver can refuse a request that somebody recorded.
pub(super) fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    let tag = mac.chain_update(format!("{seconds}.")).chain_update(body).finalize().into_bytes();
    let mut shown = format!("t={seconds},v1=");
    for byte in tag {
        // Writing to a string cannot fail.
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}

/// JSON Schema (draft 2020-12) of the document, as text with a newline at the end.
pub(crate) fn schema_text() -> String {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Document<'static>>();
    schema.insert("$id".to_owned(), "urn:muster:notices:1".into());
    schema.insert("title".to_owned(), "Muster notices".into());
    format!("{:#}\n", schema.to_value())
}
