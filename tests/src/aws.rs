//! A server that answers as AWS does where no emulator can be made to: pages, refusals, cut and slow connections.
//!
//! It serves every service and region at one address, and tells them apart by the signatures of the requests, which is
//! how it also sees that each was signed for the right place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

pub use crate::http::Reply;
use crate::http::{Request, listen};

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The service that it was signed for, as `bedrock-agentcore`.
    pub service: String,
    /// The region that it was signed for.
    pub region: String,
    /// The access key that signed it.
    pub key: String,
    /// The operation, or the method and path of services that name none: `GET /guardrails`.
    pub operation: String,
    /// Query and body.
    pub text: String,
    /// How often this operation was asked before in this region.
    pub before: usize,
}

impl Asked {
    /// The value of a parameter in a form or a query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.text.split(['&', '?', '\n']);
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

impl Reply {
    /// A refusal with a code, as services that speak JSON send it.
    pub fn refusal(status: u16, code: &str) -> Self {
        let body = format!(r#"{{"__type": "com.amazonaws#{code}", "message": "canary-value-7f3a"}}"#);
        Self { status, ..Self::ok(body) }
    }

    /// A refusal with a code, as services that speak XML send it.
    pub fn refusal_in_xml(status: u16, code: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>canary-value-7f3a</Message></Error></ErrorResponse>"
        );
        Self { status, ..Self::ok(body) }
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The server; it ends with the process.
pub struct Aws {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Script>,
}

impl Aws {
    /// Answers as `script` says.
    pub fn new(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let (answers, all) = (Arc::clone(&script), Arc::clone(&asked));
        let url = listen(move |request| Some(answers(&signed(request, &all)?)));
        Self { url, asked, script }
    }

    /// What it would answer.
    pub fn reply(&self, asked: &Asked) -> Reply {
        (self.script)(asked)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// How often each operation of a service was asked.
    pub fn counts(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for asked in self.asked() {
            *counts.entry((asked.service, asked.operation)).or_insert(0) += 1;
        }
        counts
    }
}

/// The request by its signature; nothing where it has none.
fn signed(request: &Request, all: &Mutex<Vec<Asked>>) -> Option<Asked> {
    let Request { method, path, query, headers, body } = request;
    // `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
    let scope = headers.get("authorization")?.split_once("Credential=")?.1.split(',').next()?.to_owned();
    let scope: Vec<&str> = scope.split('/').collect();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let operation = match (headers.get("x-amz-target"), action) {
        (Some(target), _) => target.rsplit('.').next()?.to_owned(),
        (None, Some(action)) => action.to_owned(),
        (None, None) => format!("{method} {path}"),
    };
    let mut asked = Asked {
        key: (*scope.first()?).to_owned(),
        region: (*scope.get(2)?).to_owned(),
        service: (*scope.get(3)?).to_owned(),
        operation,
        text: format!("{query}\n{body}"),
        before: 0,
    };
    let mut all = all.lock().expect("no test panics here");
    let same = |other: &&Asked| {
        (&other.service, &other.region, &other.operation) == (&asked.service, &asked.region, &asked.operation)
    };
    asked.before = all.iter().filter(same).count();
    all.push(asked.clone());
    Some(asked)
}

/// Planted wherever a value, a prompt or a message could be taken for something to report.
pub const CANARY: &str = "canary-value-7f3a";

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// A role of GetAccountAuthorizationDetails, with its documents escaped as IAM escapes them.
pub fn role(name: &str, service: &str, action: &str) -> String {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{CANARY}"}}}}}}]}}"#
    );
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    );
    format!(
        "<member><Path>/</Path><RoleName>{name}</RoleName><Arn>arn:aws:iam::111111111111:role/{name}</Arn>\
         <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument><InstanceProfileList/><AttachedManagedPolicies/>\
         <RolePolicyList><member><PolicyName>own</PolicyName><PolicyDocument>{}</PolicyDocument></member></RolePolicyList>\
         <Tags/><RoleLastUsed/></member>",
        escaped(&trust),
        escaped(&policy),
    )
}

pub fn details(roles: &str, users: &str, marker: Option<&str>) -> String {
    let more = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    format!(
        "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <GetAccountAuthorizationDetailsResult><IsTruncated>{}</IsTruncated>{more}<UserDetailList>{users}</UserDetailList>\
         <GroupDetailList/><RoleDetailList>{roles}</RoleDetailList><Policies/></GetAccountAuthorizationDetailsResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetAccountAuthorizationDetailsResponse>",
        marker.is_some()
    )
}

/// What an account without anything in it answers; none where the operation is not known here.
pub fn empty(asked: &Asked) -> Reply {
    let xml = |result: &str, inner: &str| {
        Reply::ok(format!("<R><{result}Result>{inner}</{result}Result><ResponseMetadata/></R>"))
    };
    match asked.operation.as_str() {
        "GetCallerIdentity" => xml(
            "GetCallerIdentity",
            "<Arn>arn:aws:sts::111111111111:assumed-role/scanner/me</Arn><Account>111111111111</Account>",
        ),
        "DescribeRegions" => Reply::ok(
            "<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>",
        ),
        "GetAccountAuthorizationDetails" => Reply::ok(details("", "", None)),
        "DescribeOrganization" => Reply::refusal(400, "AWSOrganizationsNotInUseException"),
        operation if asked.service == "iam" => xml(operation, ""),
        _ => Reply::ok("{}"),
    }
}

/// A small organisation: an account with a function that may ask models, and an empty one.
pub fn small() -> Aws {
    Aws::new(|asked| match (asked.operation.as_str(), asked.key.as_str()) {
        ("GetAccountAuthorizationDetails", "ASIAOFTHEOTHER") => Reply::ok(details("", "", None)),
        ("GetAccountAuthorizationDetails", _) => {
            Reply::ok(details(&role("desk-role", "lambda", "bedrock:InvokeModel"), "", None))
        }
        ("GET /2015-03-31/functions", key) if key != "ASIAOFTHEOTHER" => Reply::ok(
            r#"{"Functions": [{"FunctionName": "desk", "FunctionArn": "arn:aws:lambda:eu-west-1:111111111111:function:desk", "Role": "arn:aws:iam::111111111111:role/desk-role"}]}"#,
        ),
        ("DescribeOrganization", _) => {
            Reply::ok(r#"{"Organization": {"Id": "o-1", "MasterAccountId": "111111111111"}}"#)
        }
        ("ListAccounts", _) => Reply::ok(
            r#"{"Accounts": [{"Id": "111111111111", "Name": "main", "Status": "ACTIVE"}, {"Id": "222222222222", "Name": "shop", "Status": "ACTIVE"}, {"Id": "333333333333", "Name": "old", "Status": "SUSPENDED"}]}"#,
        ),
        ("ListParents", _) => Reply::ok(r#"{"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]}"#),
        ("AssumeRole", _) => Reply::ok(format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAOFTHEOTHER</AccessKeyId>\
             <SecretAccessKey>{CANARY}</SecretAccessKey><SessionToken>{CANARY}</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )),
        ("ListSecrets", _) => Reply::refusal(403, "AccessDeniedException"),
        _ => empty(asked),
    })
}
