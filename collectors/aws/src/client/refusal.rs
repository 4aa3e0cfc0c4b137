//! Why AWS did not answer, and what that means for the rest of a scan.

use asmm_model::GapReason;
use serde_json::Value;

use super::xml;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The identity may not ask this.
    Denied,
    /// The service does not know the operation.
    NotOffered,
    /// The name of the service does not resolve: the region does not have it.
    NoSuchHost,
    /// The region is not switched on for the account, or does not know these credentials.
    NotEnabled,
    /// The account is in no organisation.
    NoOrganisation,
    /// What was asked about is not there.
    NotThere,
    /// Too many requests, however long it was waited.
    Throttled,
    /// The credentials are over, or were never good.
    Expired(String),
    /// There are none, or they could not be got.
    NoCredentials(String),
    /// No more requests are to be sent.
    Budget(u64),
    /// The answer is no answer of this service.
    Unreadable(String),
    /// The answer is larger than anything that makes sense.
    TooLarge,
    /// The request failed on its way.
    Failed(String),
}

impl Refusal {
    /// What it is to a report.
    pub(crate) fn reason(&self) -> GapReason {
        match self {
            Self::Denied | Self::NotEnabled | Self::Expired(_) | Self::NoCredentials(_) => GapReason::Denied,
            Self::NoSuchHost => GapReason::Ignored,
            Self::NotOffered => GapReason::Unsupported,
            Self::Throttled | Self::Budget(_) => GapReason::RateLimited,
            Self::Unreadable(_) => GapReason::Unparsable,
            Self::TooLarge => GapReason::TooLarge,
            Self::NoOrganisation | Self::NotThere | Self::Failed(_) => GapReason::Failed,
        }
    }

    /// What a message of the command line of AWS means: `An error occurred (CODE) when calling …`.
    pub(crate) fn said(message: &str) -> Option<Self> {
        if message.contains("Could not connect to the endpoint URL") {
            return Some(Self::NoSuchHost);
        }
        let code = message.split_once("error occurred (")?.1.split(')').next()?;
        match of(400, Some(code), b"") {
            Self::Failed(_) => None,
            refusal => Some(refusal),
        }
    }

    /// Whether nothing that is asked later can be answered either.
    pub(crate) fn ends_all(&self) -> bool {
        matches!(self, Self::Expired(_) | Self::NoCredentials(_) | Self::Budget(_))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied => f.write_str("it is not allowed"),
            Self::NotOffered => f.write_str("the service does not offer it there"),
            Self::NoSuchHost => f.write_str("its name does not resolve: the service is not there"),
            Self::NotEnabled => f.write_str("the region does not accept these credentials"),
            Self::NoOrganisation => f.write_str("the account is in no organisation"),
            Self::NotThere => f.write_str("it was gone when it was asked about"),
            Self::Throttled => f.write_str("AWS asked to slow down until it was given up"),
            Self::Expired(code) => write!(f, "the credentials are no longer good ({code}); sign in again"),
            Self::NoCredentials(why) => write!(f, "no credentials could be got: {why}"),
            Self::Budget(most) => write!(f, "the {most} requests of --aws-max-calls were used up"),
            Self::Unreadable(why) => write!(f, "the answer cannot be read: {why}"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What an answer that is an error says, from its status, its headers and its body.
pub(super) fn of(status: u16, header: Option<&str>, body: &[u8]) -> Refusal {
    let code = header.map(str::to_owned).or_else(|| code_in(body)).unwrap_or_default();
    // `com.amazonaws.service#AccessDeniedException:http://…` is `AccessDeniedException`.
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let is = |names: &[&str]| names.contains(&code);
    let begins = |names: &[&str]| names.iter().any(|name| code.starts_with(name));
    if is(&["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"])
        || is(&[
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
        ])
    {
        return Refusal::Expired(code.to_owned());
    }
    if is(&["UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired"]) {
        return Refusal::NotEnabled;
    }
    if begins(&["AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"]) {
        return Refusal::Denied;
    }
    if is(&["AWSOrganizationsNotInUseException"]) {
        return Refusal::NoOrganisation;
    }
    if begins(&["Throttl", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled", "SlowDown"])
        || is(&["PriorRequestNotComplete", "BandwidthLimitExceeded", "EC2ThrottledException"])
        || status == 429
    {
        return Refusal::Throttled;
    }
    if begins(&[
        "UnknownOperation",
        "InvalidAction",
        "UnsupportedOperation",
        "UnknownService",
        "NotImplemented",
    ]) {
        return Refusal::NotOffered;
    }
    if begins(&["ResourceNotFound", "NoSuchEntity", "NotFound"]) || code.ends_with("NotFoundException") {
        return Refusal::NotThere;
    }
    // Without a code it comes from whatever stands in between, or from a service that has no such path.
    match status {
        404 | 405 | 501 if code.is_empty() => Refusal::NotOffered,
        401 | 403 => Refusal::Denied,
        503 => Refusal::Throttled,
        _ if code.is_empty() => Refusal::Failed(format!("AWS answered with status {status}")),
        _ => Refusal::Failed(format!("AWS answered {code} (status {status})")),
    }
}

/// The code of an error in JSON or XML. Its message is left alone: it may repeat what was asked.
fn code_in(body: &[u8]) -> Option<String> {
    if let Ok(Value::Object(map)) = serde_json::from_slice(body) {
        let code =
            ["__type", "code", "Code"].iter().find_map(|key| map.get(*key)?.as_str().map(str::to_owned));
        return code.filter(|code| is_code(code));
    }
    let read = xml::read(body).ok()?;
    let code = read.pointer("/Error/Code").or_else(|| read.pointer("/Errors/Error/Code"))?;
    code.as_str().filter(|code| is_code(code)).map(str::to_owned)
}

fn is_code(code: &str) -> bool {
    code.len() <= 200 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"._#:/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_by_their_codes() {
        let json = |code: &str| of(400, None, format!("{{\"__type\": \"{code}\"}}").as_bytes());
        assert_eq!(json("com.amazonaws.x#AccessDeniedException:http://i"), Refusal::Denied);
        assert_eq!(json("ThrottlingException"), Refusal::Throttled);
        assert_eq!(json("ExpiredTokenException"), Refusal::Expired("ExpiredTokenException".to_owned()));
        assert_eq!(json("UnknownOperationException"), Refusal::NotOffered);
        assert_eq!(json("ResourceNotFoundException"), Refusal::NotThere);
        assert_eq!(of(403, Some("UnrecognizedClientException"), b"{}"), Refusal::NotEnabled);
        let iam = b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x</Message></Error></ErrorResponse>";
        assert_eq!(of(403, None, iam), Refusal::Denied);
        let ec2 = b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
        assert_eq!(of(403, None, ec2), Refusal::Denied);
        assert_eq!(of(404, None, b"<html>no"), Refusal::NotOffered);
        let said = |code: &str| {
            Refusal::said(&format!("An error occurred ({code}) when calling the X operation: no"))
        };
        assert_eq!(said("AccessDeniedException"), Some(Refusal::Denied));
        assert_eq!(said("AWSOrganizationsNotInUseException"), Some(Refusal::NoOrganisation));
        assert_eq!(said("SomethingElse"), None);
        assert_eq!(of(500, None, b"").to_string(), "AWS answered with status 500");
        assert!(!of(500, Some("x\u{1b}[31m"), b"").to_string().contains("message"));
    }
}
