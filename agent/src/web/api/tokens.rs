//! Tokens of programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::List;
use super::entry::{Call, Created, Found, Json};
use super::whole::Days;
use crate::access::{Role, Roles};
use crate::clock;
use crate::store::Pass;
use crate::web::pages::access::{self, new_token};
use crate::web::wrong::Wrong;

/// A token. Its secret is known to whoever made it alone.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Token {
    /// SHA-256 of its secret, in hexadecimal.
    hash: String,
    /// As the audit log calls the program.
    name: String,
    /// What it is for.
    label: String,
    /// What it may do.
    roles: Roles,
    /// When it was made, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    made: String,
    /// When it was used last, to the minute; null where it never was.
    #[schemars(extend("format" = "date-time"))]
    used: Option<String>,
    /// From when on it lets nobody in.
    #[schemars(extend("format" = "date-time"))]
    until: String,
}

impl Token {
    fn new(pass: Pass) -> Self {
        Self {
            made: time(pass.made),
            used: (pass.used > pass.made).then(|| time(pass.used)),
            until: time(pass.until),
            hash: pass.hash,
            name: pass.person,
            label: pass.label,
            roles: pass.roles,
        }
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// What a token is made for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// As the audit log calls the program.
    #[schemars(length(min = 1, max = 500), extend("pattern" = "\\S"))]
    name: String,
    /// What it is for.
    #[schemars(length(max = 200))]
    label: Option<String>,
    /// What it may do.
    role: Role,
    /// Days until it ends.
    days: Days,
}

/// A token that was made, with its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeToken {
    /// SHA-256 of the secret, in hexadecimal.
    hash: String,
    /// What the program sends: `Authorization: Bearer SECRET`. It is shown here and never again.
    secret: String,
}

pub(super) async fn list(call: Call<(), ()>) -> Result<Found<List<Token>>, Wrong> {
    let tokens = call.site.store().tokens().await?;
    Ok(Found(List { items: tokens.into_iter().map(Token::new).collect() }))
}

pub(super) async fn make(call: Call<(), Json<NewToken>>) -> Result<Created<MadeToken>, Wrong> {
    let NewToken { name, label, role, days } = &call.body.0;
    let wanted = access::Wanted {
        name: name.clone(),
        label: label.clone().unwrap_or_default(),
        role: role.name().to_owned(),
        days: days.0.to_string(),
    };
    let secret = new_token(&call.site, call.visitor()?, &wanted).await?;
    Ok(Created(MadeToken { hash: secret.hash(), secret: secret.expose().to_owned() }))
}

pub(super) async fn revoke(call: Call<(), ()>) -> Result<Found<Token>, Wrong> {
    let store = call.site.store();
    let there = store.tokens().await?;
    // One that is too short for a beginning is none.
    if call.name.len() < 8 || !there.iter().any(|token| token.hash.starts_with(&call.name)) {
        return Err(Wrong::NotFound("There is no such token.".to_owned()));
    }
    let revoked = store.revoke(&call.name, (&call.visitor()?.person, &clock::now())).await?;
    Ok(Found(Token::new(revoked)))
}
