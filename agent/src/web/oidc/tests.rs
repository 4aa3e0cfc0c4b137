use base64::Engine as _;
use openidconnect::core::CoreEdDsaPrivateSigningKey;
use openidconnect::{IdTokenClaims, JsonWebKeyId, PrivateSigningKey as _};
use serde_json::json;

use super::*;
use crate::access::Role;

const ISSUER: &str = "https://login.example";

/// Signed by a key that nobody has any more; it ends in the year 2100.
const WITH_A_CURVE: &str = "\
    eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOiJt\
    dXN0ZXIiLCJzdWIiOiJhZGEiLCJub25jZSI6Im4tMSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjo0MTAyNDQ0ODAwLCJncm91cHMiOlsi\
    c2VjLXJldmlldyJdfQ.nVHoyMlNEaS-xn5_Ripsw19t-HYtEYM9epcqQuKf-BGeCwBta7ImXnbB0QA32gZHU84ph70fYnvuIxCWFZALo\
    A";

fn options(issuer: &str) -> Options {
    Options {
        issuer: issuer.to_owned(),
        client: "muster".to_owned(),
        secret: secret::expand("hunter2", &|_| None).unwrap(),
        scopes: ["openid", "email"].map(str::to_owned).to_vec(),
        public: "https://muster.example".to_owned(),
        mapping: Mapping {
            name: None,
            groups: "groups".to_owned(),
            roles: vec![(Role::Reviewer, "sec-review".to_owned())],
        },
    }
}

/// What a provider with these keys says of itself.
fn metadata(keys: Vec<CoreJsonWebKey>) -> CoreProviderMetadata {
    let metadata: CoreProviderMetadata = serde_json::from_value(json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://login.example/auth",
        "token_endpoint": "https://login.example/token",
        "jwks_uri": "https://login.example/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .unwrap();
    metadata.set_jwks(openidconnect::JsonWebKeySet::new(keys))
}

fn key() -> CoreEdDsaPrivateSigningKey {
    let pem = format!(
        "-----BEGIN {0} KEY-----\n{1}\n-----END {0} KEY-----\n",
        "PRIVATE", "MC4CAQAwBQYDK2VwBCIEIJzEFoJdsO+/cFEK+QybCK9CSIOBJ4xC8zKSsoel8X0f"
    );
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new("ed".to_owned()))).unwrap()
}

/// What comes of a right token with other claims.
fn outcome(change: &Value) -> String {
    let now = clock::seconds();
    let mut claims = json!({
        "iss": ISSUER, "aud": "muster", "sub": "ada", "nonce": "n-1", "iat": now, "exp": now + 60, "groups": ["sec-review"],
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let claims: IdTokenClaims<Further, CoreGenderClaim> = serde_json::from_value(claims).unwrap();
    let token = Token::new(claims, &key(), CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap();
    let provider = Provider::try_new(options(ISSUER)).unwrap();
    let known = metadata(vec![key().as_verification_key()]);
    match provider.claims(&known, &token, &Nonce::new("n-1".to_owned())) {
        Ok(claims) => provider.mapping.person(&claims).map_or_else(
            |stranger| format!("{stranger:?}"),
            |person| format!("{} is {}", person.name, person.roles),
        ),
        Err(error) => unfit(&error).to_owned(),
    }
}

#[test]
fn what_the_library_leaves_to_us_is_checked() {
    let now = clock::seconds();
    let changes = [
        json!({}),
        json!({"azp": "muster"}),
        json!({"azp": "somebody-else"}),
        json!({"aud": ["muster"]}),
        json!({"aud": ["muster", "somebody-else"], "azp": "muster"}),
        json!({"aud": []}),
        json!({"sub": ""}),
        json!({"iat": now + 60}),
        json!({"iat": now + 3600, "exp": now + 7200}),
        json!({"nbf": now - 60}),
        json!({"nbf": now + 3600}),
        json!({"nbf": 1e300}),
        json!({"exp": now}),
        json!({"email": "ada@muster.example", "email_verified": "true"}),
    ];
    let names = [
        "plain",
        "azp",
        "another azp",
        "a list",
        "others too",
        "nobody",
        "no subject",
        "a fast clock",
        "a later day",
        "already",
        "not yet",
        "never",
        "over",
        "a text that is a truth",
    ];
    assert_eq!(names.len(), changes.len());
    let outcomes: Vec<String> =
        names.iter().zip(&changes).map(|(name, change)| format!("{name}: {}", outcome(change))).collect();
    insta::assert_snapshot!(outcomes.join("\n"));
}

#[test]
fn a_token_signed_with_a_curve_is_taken() {
    let curve = |x: &str| {
        let key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": "ZYTQaiTOMcS7T3spyMXD9OR9iUrgZ5csz7TFiW0mtyA", "kid": "es", "use": "sig"});
        metadata(vec![serde_json::from_value(key).unwrap()])
    };
    let right = curve("Q0pIfrH_DQNes4jjIutYq1jXt54Gg2ooxyEe8mgjHvg");
    let provider = Provider::try_new(options(ISSUER)).unwrap();
    let token: Token = WITH_A_CURVE.parse().unwrap();
    let nonce = |text: &str| Nonce::new(text.to_owned());
    let claims = provider.claims(&right, &token, &nonce("n-1")).unwrap();
    assert_eq!(claims["groups"], json!(["sec-review"]));
    assert!(provider.claims(&right, &token, &nonce("n-2")).is_err());
    // The same signature under other claims.
    let mut parts: Vec<&str> = WITH_A_CURVE.split('.').collect();
    let other = serde_json::to_string(
        &json!({"iss": ISSUER, "aud": "muster", "sub": "eve", "nonce": "n-1", "iat": 0, "exp": 4_102_444_800_u32}),
    );
    let other = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(other.unwrap());
    parts[1] = &other;
    let changed: Token = parts.join(".").parse().unwrap();
    let refused = provider.claims(&right, &changed, &nonce("n-1")).unwrap_err();
    assert_eq!(unfit(&refused), "its signature is wrong");
    // Another point is no point of the curve, and no key.
    let other = curve("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert!(provider.claims(&other, &token, &nonce("n-1")).is_err());
}

#[test]
fn issuers_are_reached_in_safety() {
    let table = [
        ("https://login.example", None),
        ("https://login.example/realms/a", None),
        ("http://127.0.0.1:8080", None),
        ("http://[::1]:8080/a", None),
        ("http://localhost", None),
        ("http://login.example", Some(Unusable::Open)),
        ("http://127.0.0.1.login.example", Some(Unusable::Open)),
        ("ftp://localhost", Some(Unusable::Open)),
        ("https://ada:secret@login.example", Some(Unusable::NoAddress)),
        ("https://login.example?a", Some(Unusable::NoAddress)),
        ("https://login.example#a", Some(Unusable::NoAddress)),
        ("login.example", Some(Unusable::NoAddress)),
        ("data:text/plain,x", Some(Unusable::NoAddress)),
    ];
    for (issuer, expected) in table {
        assert_eq!(Provider::try_new(options(issuer)).err(), expected, "{issuer}");
    }
    let shown = format!("{:?}", Provider::try_new(options(ISSUER)).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_browser_is_sent_with_a_challenge() {
    let provider = Provider::try_new(options(ISSUER)).unwrap();
    let known = Known { metadata: Arc::new(metadata(Vec::new())), at: Instant::now() };
    *provider.known.write().unwrap() = Some(known);
    let [state, browser] = ["1", "2"].map(|digit| Secret::given(&digit.repeat(64)).unwrap());
    let address = provider.lead(&state, &browser).await.unwrap();
    assert!(
        !address.contains(browser.expose()) && !address.contains(&browser.derive("verifier", &state)),
        "{address}"
    );
    insta::assert_snapshot!(address.replace('&', "\n&"));
}

#[test]
fn codes_of_errors_are_words_of_the_standard() {
    assert_eq!(code_of_error("access_denied"), "it answered `access_denied`");
    for none in ["", "Access denied", "a\nb", "<b>", &"a".repeat(65)] {
        assert_eq!(code_of_error(none), "it answered with an error", "{none}");
    }
}
