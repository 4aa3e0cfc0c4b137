//! Accounts of AWS, from a server that does what no emulator can be made to do.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use asmm_model::{GapReason, Inventory};
use muster_tests::aws::{Asked, Aws, CANARY, Reply, details, empty, role, small};
use muster_tests::binary::muster;
use muster_tests::stage::Ended;

fn run(aws: &Aws, home: &Path, arguments: &[&str]) -> Ended {
    let output = muster(home)
        .env("AWS_ENDPOINT_URL", &aws.url)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret-key-of-the-test")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(arguments)
        .output()
        .expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let ended =
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    for secret in [CANARY, "secret-key-of-the-test"] {
        assert!(
            !ended.stdout.contains(secret) && !ended.stderr.contains(secret),
            "{secret} shows: {ended:?}"
        );
    }
    ended.orderly()
}

fn scan(aws: &Aws, arguments: &[&str]) -> (Ended, Inventory) {
    let home = tempfile::tempdir().expect("a folder");
    let ended = run(aws, home.path(), &[&["scan", "aws:", "--format", "json"], arguments].concat());
    let inventory = ended.inventory();
    (ended, inventory)
}

/// What stands in the coverage, one line each.
fn gaps(inventory: &Inventory) -> Vec<String> {
    let gaps = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
    gaps.map(|gap| {
        format!(
            "{} {} ×{}: {}",
            gap.why.name(),
            gap.what,
            gap.count,
            gap.detail.as_deref().unwrap_or_default()
        )
    })
    .collect()
}

fn names(inventory: &Inventory) -> Vec<&str> {
    let mut names: Vec<&str> = inventory.systems.iter().map(|system| system.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn identities_come_in_pages_and_a_service_that_asks_for_time_gets_it() {
    let aws = Aws::new(|asked| match (asked.operation.as_str(), asked.before) {
        // The first page is refused twice, once with a time to stay away.
        ("GetAccountAuthorizationDetails", 0) => {
            Reply { headers: vec!["retry-after: 1".to_owned()], ..Reply::refusal_in_xml(400, "Throttling") }
        }
        ("GetAccountAuthorizationDetails", 1) => Reply::refusal_in_xml(503, "ServiceUnavailable"),
        ("GetAccountAuthorizationDetails", _) => match asked.parameter("Marker").as_deref() {
            None => Reply::ok(details(&role("first", "lambda", "bedrock:InvokeModel"), "", Some("two/="))),
            Some("two%2F%3D") => Reply::ok(details("", "", Some("three"))),
            Some("three") => Reply::ok(details(&role("last", "ecs-tasks", "bedrock:Invoke*"), "", None)),
            other => panic!("no such page: {other:?}"),
        },
        _ => empty(asked),
    });
    let (ended, inventory) = scan(&aws, &[]);
    assert_eq!(names(&inventory), ["first", "last"]);
    assert_eq!(gaps(&inventory), Vec::<String>::new());
    assert!(ended.stderr.contains("note: 111111111111: "), "{}", ended.stderr);
    let page =
        aws.asked().into_iter().find(|asked| asked.operation == "GetAccountAuthorizationDetails").unwrap();
    assert_eq!((page.region.as_str(), page.parameter("MaxItems").as_deref()), ("us-east-1", Some("1000")));
}

#[test]
fn regions_and_services_that_refuse_are_gaps_and_end_nothing() {
    let aws =
        Aws::new(|asked| match (asked.service.as_str(), asked.region.as_str(), asked.operation.as_str()) {
            (_, _, "DescribeRegions") => Reply::ok(regions(&["eu-west-1", "us-west-2", "ap-south-1"])),
            ("iam", _, "GetAccountAuthorizationDetails") => {
                let roles = ["lambda", "bedrock", "states"]
                    .map(|service| role(service, service, "bedrock:InvokeModel"));
                Reply::ok(details(&roles.concat(), "", None))
            }
            (_, "ap-south-1", _) => Reply::refusal(403, "UnrecognizedClientException"),
            (_, "us-west-2", _) => Reply::refusal(403, "AccessDeniedException"),
            ("secretsmanager", "eu-west-1", _) => Reply::refusal(400, "AccessDeniedException"),
            ("lambda", "eu-west-1", _) => Reply { cut: Some(5), ..Reply::ok(r#"{"Functions": []}"#) },
            ("bedrock", "eu-west-1", "GET /guardrails") => Reply::ok("<html>a page of a proxy</html>"),
            ("states", "eu-west-1", "ListStateMachines") => {
                Reply::ok(r#"{"stateMachines": [], "nextToken": "same"}"#)
            }
            _ => empty(asked),
        });
    let (ended, inventory) =
        scan(&aws, &["--aws-regions", "eu-west-1,us-west-2", "--aws-regions", "ap-south-1"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(names(&inventory), ["bedrock", "lambda", "states"]);
    insta::assert_snapshot!(gaps(&inventory).join("\n"));
    let home = tempfile::tempdir().unwrap();
    let strict = run(&aws, home.path(), &["scan", "aws:", "--aws-regions", "us-west-2", "--strict-coverage"]);
    assert_eq!(strict.code, Some(4));
}

#[test]
fn a_region_that_is_misspelt_is_no_empty_region() {
    let aws = Aws::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => {
            Reply::ok(details(&role("desk", "lambda", "bedrock:InvokeModel"), "", None))
        }
        _ => empty(asked),
    });
    let (_, inventory) = scan(&aws, &["--aws-regions", "eu-wset-1"]);
    assert_eq!(names(&inventory), ["desk"]);
    assert_eq!(
        gaps(&inventory),
        [
            "denied 111111111111: the region in eu-wset-1 ×1: there is no such region, or it is not switched on for the account"
        ]
    );
}

#[test]
fn an_account_whose_role_cannot_be_assumed_ends_no_other() {
    let organisation = small();
    let aws = Aws::new(move |asked| match asked.operation.as_str() {
        "AssumeRole" => Reply::refusal_in_xml(403, "AccessDenied"),
        _ => organisation.reply(asked),
    });
    let (ended, inventory) = scan(&aws, &["--aws-organization-role", "muster-read"]);
    assert_eq!((ended.code, names(&inventory)), (Some(0), vec!["desk"]));
    let gaps = gaps(&inventory);
    assert!(
        gaps.iter().any(|gap| gap.starts_with("failed 222222222222 ×1: no credentials could be got")),
        "{gaps:?}"
    );
    assert!(!gaps.iter().any(|gap| gap.contains("333333333333")), "an account that is suspended is left out");
}

#[test]
fn credentials_that_end_keep_what_was_done() {
    let aws = Aws::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => {
            Reply::ok(details(&role("desk", "lambda", "bedrock:InvokeModel"), "", None))
        }
        "ListSecrets" => Reply::refusal(400, "ExpiredTokenException"),
        _ => empty(asked),
    });
    let (ended, inventory) = scan(&aws, &[]);
    assert_eq!((ended.code, names(&inventory)), (Some(0), vec!["desk"]));
    let gaps = gaps(&inventory);
    assert!(
        gaps.iter().any(|gap| gap.contains("no longer good (ExpiredTokenException); sign in again")),
        "{gaps:?}"
    );
    let after = aws.asked().into_iter().skip_while(|asked| asked.operation != "ListSecrets").count();
    assert_eq!(after, 1, "nothing is asked after that");
}

#[test]
fn credentials_that_are_none_say_what_to_do() {
    let aws = Aws::new(|_| Reply::refusal_in_xml(403, "InvalidClientTokenId"));
    let home = tempfile::tempdir().unwrap();
    let ended = run(&aws, home.path(), &["scan", "aws:"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("Sign in with `aws sso login`"), "{}", ended.stderr);
    let denied = Aws::new(|asked| match asked.service.as_str() {
        "sts" | "ec2" => empty(asked),
        "iam" => Reply::refusal_in_xml(403, "AccessDenied"),
        _ => Reply::refusal(403, "AccessDeniedException"),
    });
    let ended = run(&denied, home.path(), &["scan", "aws:"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("is not allowed; it hides"), "{}", ended.stderr);
}

#[test]
fn a_budget_is_kept() {
    let aws = Aws::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => {
            Reply::ok(details(&role("desk", "lambda", "bedrock:InvokeModel"), "", None))
        }
        _ => empty(asked),
    });
    let (ended, inventory) = scan(&aws, &["--aws-max-calls", "9"]);
    assert_eq!(names(&inventory), ["desk"]);
    let gaps: Vec<_> = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped).collect();
    assert!(gaps.iter().any(|gap| gap.why == GapReason::RateLimited), "{gaps:?}");
    assert!(ended.stderr.contains("9 of at most 9 requests"), "{}", ended.stderr);
    let of_account =
        aws.asked().iter().filter(|a| !["sts", "organizations"].contains(&a.service.as_str())).count();
    assert_eq!(of_account, 9);
}

/// The answer to DescribeRegions.
fn regions(names: &[&str]) -> String {
    let items: Vec<String> =
        names.iter().map(|region| format!("<item><regionName>{region}</regionName></item>")).collect();
    format!("<DescribeRegionsResponse><regionInfo>{}</regionInfo></DescribeRegionsResponse>", items.concat())
}

/// Services that the roles of a large account trust.
const TRUSTED: [&str; 9] = [
    "lambda",
    "bedrock",
    "bedrock-agentcore",
    "sagemaker",
    "qbusiness",
    "ecs-tasks",
    "eks",
    "states",
    "scheduler",
];

/// An account with `roles` roles in pages of a thousand, of which forty may ask models by name, and seventeen regions.
fn large(roles: usize) -> Aws {
    let names: Vec<String> = (1..=17).map(|number| format!("xx-test-{number}")).collect();
    Aws::new(move |asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => {
            let from: usize = asked.parameter("Marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
            let to = roles.min(from + 1000);
            let page: String = (from..to)
                .map(|number| {
                    let action =
                        if number % (roles / 40) == 0 { "bedrock:InvokeModel" } else { "s3:GetObject" };
                    role(&format!("role-{number:05}"), TRUSTED[number % TRUSTED.len()], action)
                })
                .collect();
            Reply::ok(details(&page, "", (to < roles).then(|| to.to_string()).as_deref()))
        }
        "DescribeRegions" => Reply::ok(regions(&names.iter().map(String::as_str).collect::<Vec<_>>())),
        "GenerateServiceLastAccessedDetails" => Reply::ok(
            "<R><GenerateServiceLastAccessedDetailsResult><JobId>a-job</JobId></GenerateServiceLastAccessedDetailsResult></R>",
        ),
        "GetServiceLastAccessedDetails" if asked.before == 0 => Reply::ok(
            "<R><GetServiceLastAccessedDetailsResult><JobStatus>IN_PROGRESS</JobStatus></GetServiceLastAccessedDetailsResult></R>",
        ),
        "GetServiceLastAccessedDetails" => Reply::ok(
            "<R><GetServiceLastAccessedDetailsResult><JobStatus>COMPLETED</JobStatus><ServicesLastAccessed><member>\
             <ServiceNamespace>bedrock</ServiceNamespace><LastAuthenticated>2026-11-01T00:00:00Z</LastAuthenticated>\
             </member></ServicesLastAccessed></GetServiceLastAccessedDetailsResult></R>",
        ),
        _ => empty(asked),
    })
}

#[test]
fn a_large_account_takes_less_than_six_hundred_requests() {
    let aws = large(5_000);
    let (ended, inventory) = scan(&aws, &[]);
    // Code of the account runs in seven of the nine services that the roles trust.
    assert_eq!(inventory.systems.len(), 31);
    assert_eq!(gaps(&inventory), Vec::<String>::new());
    let asked = aws.asked().len();
    assert!(asked < 600, "{asked} requests: {:?}", aws.counts());
    assert!(ended.stdout.contains("tried to use bedrock last 2026-11-01"));
}

#[test]
fn what_was_kept_is_not_asked_again() {
    let script = |fails: bool| {
        move |asked: &Asked| match asked.operation.as_str() {
            "GetAccountAuthorizationDetails" => match asked.parameter("Marker") {
                None => Reply::ok(details(&role("first", "lambda", "bedrock:InvokeModel"), "", Some("two"))),
                Some(_) if fails => Reply::refusal_in_xml(403, "ExpiredToken"),
                Some(_) => Reply::ok(details(&role("second", "states", "bedrock:InvokeModel"), "", None)),
            },
            "GET /2015-03-31/functions" => Reply::ok(format!(
                r#"{{"Functions": [{{"FunctionName": "f", "FunctionArn": "arn:aws:lambda:eu-west-1:111111111111:function:f", "Role": "arn:aws:iam::111111111111:role/first", "Environment": {{"Variables": {{"OPENAI_API_KEY": "{CANARY}"}}}}}}]}}"#
            )),
            _ => empty(asked),
        }
    };
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("saved");
    let scan = |aws: &Aws, arguments: &[&str]| {
        run(aws, home.path(), &[&["scan", "--format", "json"], arguments].concat())
    };
    let save = ["aws:", "--aws-save", folder.to_str().unwrap()];
    let (cut, whole) = (Aws::new(script(true)), Aws::new(script(false)));
    let first = scan(&cut, &save).inventory();
    assert_eq!(names(&first), ["first"]);
    let second = scan(&whole, &save).inventory();
    assert_eq!(names(&second), ["f", "second"]);
    let pages: Vec<_> =
        whole.asked().into_iter().filter(|a| a.operation == "GetAccountAuthorizationDetails").collect();
    assert_eq!(pages.len(), 1, "the first page was there already");
    assert!(pages[0].parameter("Marker").is_some());

    let third = Aws::new(|asked| match asked.service.as_str() {
        "sts" | "ec2" | "organizations" => empty(asked),
        _ => panic!("{} was kept", asked.operation),
    });
    let again = scan(&third, &save).inventory();
    assert_eq!(again.systems, second.systems);

    // The folder is an export, and holds no value.
    let export = format!("aws-export:{}", folder.display());
    let exported = scan(&third, &[&export]).inventory();
    let criteria = |inventory: &Inventory| -> Vec<String> {
        inventory.systems.iter().map(|system| format!("{} {:?}", system.name, system.criteria)).collect()
    };
    assert_eq!(criteria(&exported), criteria(&second));
    assert_eq!(gaps(&exported), gaps(&second));
    for entry in walk(&folder) {
        let text = std::fs::read_to_string(&entry).unwrap();
        assert!(!text.contains(r#""OPENAI_API_KEY":"canary"#), "{}", entry.display());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn keys_of_users_are_told_with_their_age() {
    let user = "<member><UserName>ci</UserName><Arn>arn:aws:iam::111111111111:user/ci</Arn><GroupList/><UserPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"bedrock:*\",\"Resource\":\"*\"}}</PolicyDocument></member></UserPolicyList></member>";
    let aws = Aws::new(move |asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => Reply::ok(details("", user, None)),
        "ListAccessKeys" => Reply::ok(
            "<R><ListAccessKeysResult><AccessKeyMetadata><member><UserName>ci</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status><CreateDate>2024-01-02T03:04:05Z</CreateDate></member></AccessKeyMetadata></ListAccessKeysResult></R>",
        ),
        "GetAccessKeyLastUsed" => Reply::ok(
            "<R><GetAccessKeyLastUsedResult><AccessKeyLastUsed><LastUsedDate>2024-02-03T00:00:00Z</LastUsedDate></AccessKeyLastUsed></GetAccessKeyLastUsedResult></R>",
        ),
        "ListServiceSpecificCredentials" => Reply::ok(
            "<R><ListServiceSpecificCredentialsResult><ServiceSpecificCredentials><member><UserName>ci</UserName><ServiceName>bedrock.amazonaws.com</ServiceName><Status>Active</Status><CreateDate>2025-10-01T00:00:00Z</CreateDate><ServiceUserName>canary-value-7f3a</ServiceUserName></member></ServiceSpecificCredentials></ListServiceSpecificCredentialsResult></R>",
        ),
        _ => empty(asked),
    });
    let (ended, _) = scan(&aws, &[]);
    for says in [
        "has a long-lived access key …MPLE (Active), made 2024-01-02T03:04:05Z, last used 2024-02-03T00:00:00Z",
        "has a key for Bedrock (Active), made 2025-10-01T00:00:00Z, good for ever",
    ] {
        assert!(ended.stdout.contains(says), "{says}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("AKIAIOSFODNN7"));
}

#[test]
fn a_slow_answer_is_waited_for() {
    let aws = Aws::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => Reply {
            pause: Duration::from_secs(2),
            ..Reply::ok(details(&role("desk", "lambda", "bedrock:InvokeModel"), "", None))
        },
        _ => empty(asked),
    });
    assert_eq!(names(&scan(&aws, &[]).1), ["desk"]);
}

#[test]
fn nothing_is_asked_that_the_policy_does_not_grant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let aws = large(100);
    let printed = run(&aws, home.path(), &["doctor", "aws", "--policy"]).stdout;
    assert_eq!(printed, read("deploy/aws/policy.json"), "write it anew: muster doctor aws --policy");
    let requests = run(&aws, home.path(), &["doctor", "aws", "--requests"]).stdout;
    assert_eq!(requests, read("deploy/aws/requests.json"), "write it anew: muster doctor aws --requests");

    let policy: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let granted: BTreeSet<&str> = policy["Statement"][0]["Action"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action.as_str().unwrap())
        .collect();
    assert!(granted.iter().all(|action| !action.contains('*')));
    let template = read("deploy/aws/cloudformation.yaml");
    let actions = template.lines().filter_map(|line| line.strip_prefix("                  - ")).collect();
    assert_eq!(granted, actions, "deploy/aws/cloudformation.yaml grants the same");

    // The path of a request belongs to an operation of the table; all other requests name theirs.
    let table: serde_json::Value = serde_json::from_str(&requests).unwrap();
    let known: BTreeSet<String> =
        table["requests"].as_array().unwrap().iter().map(|r| r["operation"].to_string()).collect();
    assert!(known.len() > 60);
    run(&aws, home.path(), &["scan", "aws:"]);
    for asked in aws.asked().iter().filter(|asked| asked.service != "sts" && !asked.operation.contains(' ')) {
        let action = format!("{}:{}", asked.service, asked.operation);
        assert!(granted.contains(action.as_str()), "{action} is asked and not granted");
    }
}

#[test]
fn doctor_says_what_each_missing_permission_hides() {
    let aws = Aws::new(|asked| match asked.operation.as_str() {
        "POST /agents/" => Reply::refusal(403, "AccessDeniedException"),
        "DescribeModel" => Reply::refusal(400, "ValidationException"),
        operation if operation.contains("musterdoctor") => Reply::refusal(404, "ResourceNotFoundException"),
        _ => empty(asked),
    });
    let home = tempfile::tempdir().unwrap();
    let ended = run(&aws, home.path(), &["doctor", "aws", "--aws-regions", "eu-west-1"]);
    assert_eq!(ended.code, Some(4));
    insta::assert_snapshot!(ended.stdout);
}
