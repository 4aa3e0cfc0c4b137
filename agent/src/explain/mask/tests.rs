//! Secrets in all the ways in which they are written, and code that holds none.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::Syntax::{Code, Settings};
use super::*;

fn assert_table(syntax: Syntax, table: &[(&str, &str)]) {
    for (text, shown) in table {
        assert_eq!(source(text, syntax), *shown, "{text}");
    }
}

#[test]
fn keys_are_known_by_what_they_begin_with() {
    for key in [
        "sk-abcdef",
        "sk-ant-x1",
        "sk-proj-CANARY",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcd",
        "github_pat_11AB",
        "xoxb-1",
        "xoxp-12-ab",
        "xapp-1-A",
        "AIzaSyA1234567",
        "hf_abcdefghijkl",
        "glpat-abcdef",
        "eyJhbGciOi.eyJzdWIi.c2ln",
        "sk_live_abcd",
        "SG.abcdefgh.ijkl",
    ] {
        for (before, after) in
            [("", ""), ("call(\"", "\")"), ("# the key is ", " or so"), ("x=", ";"), ("a/", "")]
        {
            let shown = source(&format!("{before}{key}{after}"), Code);
            assert!(!shown.contains(key) && shown.contains(MASKED), "{before}{key}{after}: {shown}");
            assert!(shown.starts_with(before.trim_end_matches("a/")) && shown.ends_with(after), "{shown}");
        }
    }
    for word in ["disk-usage-report", "hf_hub_download", "risk-analysis", "npm_config", "AKIA", "sk-", "xoxo"]
    {
        assert_eq!(source(word, Code), word);
    }
}

#[test]
fn long_values_have_to_look_like_words() {
    for random in [
        "q7Rk2vXz9LmW4tYb8NcJ",
        "0123456789abcdef0123456789abcdef",
        "4d5e6f7a-1b2c-4d3e-8f90-a1b2c3d4e5f6",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "qwxzkvjhgbplmtrcdfnswq",
        "12345678901234567890",
        "services/refunds/q7Rk2vXz9LmW4tYb8NcJ",
    ] {
        assert_eq!(source(&format!("call(\"{random}\")"), Code), "call(\"[masked]\")");
        assert_eq!(sentence(&format!("seen: {random}")), "seen: [masked]");
    }
    for words in [
        "createAgentUIStreamResponse({ agent: bot, uiMessages: messages })",
        "model = ChatOpenAI(model=\"claude-sonnet-4-20250514\")",
        "return requests.get(f\"https://shop.example/orders/{number}\", timeout=10).json()",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "with SqliteSaver.from_conn_string(\"refunds.db\") as saver:",
        "from langchain_community.agent_toolkits.openapi import planner",
        "--------------------------------------------",
        "dependencies = [\"langchain-openai~=0.3.0\", \"langgraph==0.6.7\"]",
        "- run: python src/refunds/agent.py",
    ] {
        assert_eq!(source(words, Code), words);
        assert_eq!(source(words, Settings), words);
    }
}

#[test]
fn in_code_a_telling_name_masks_the_texts_behind_it() {
    assert_table(
        Code,
        &[
            ("API_KEY = \"x\"", "API_KEY = \"[masked]\""),
            ("api_key: str = 'x'  # y", "api_key: str = '[masked]'  # y"),
            (
                "OpenAI(api_key=\"x\", base_url=\"http://y\")",
                "OpenAI(api_key=\"[masked]\", base_url=\"http://y\")",
            ),
            ("{ apiKey: `x`, name: `y` }", "{ apiKey: `[masked]`, name: `y` }"),
            ("{\"client_secret\": \"x\"}", "{\"client_secret\": \"[masked]\"}"),
            ("os.environ[\"API_KEY\"] = \"x\"", "os.environ[\"API_KEY\"] = \"[masked]\""),
            ("os.environ.setdefault(\"API_KEY\", \"x\")", "os.environ.setdefault(\"API_KEY\", \"[masked]\")"),
            ("key = os.getenv(\"API_KEY\", \"x\")", "key = os.getenv(\"API_KEY\", \"[masked]\")"),
            ("apiKey: process.env.API_KEY ?? \"x\",", "apiKey: process.env.API_KEY ?? \"[masked]\","),
            ("set_password(\"x\")", "set_password(\"[masked]\")"),
            ("if token == \"x\": pass", "if token == \"[masked]\": pass"),
            ("password = (\n  \"x\"\n  \"y\"\n)", "password = (\n  \"[masked]\"\n  \"[masked]\"\n)"),
            ("password = \\\n  \"x\"", "password = \\\n  \"[masked]\""),
            ("password:\n  \"x\",", "password:\n  \"[masked]\","),
            ("SECRET = \"\"\"\nx\ny\n\"\"\"\nz", "SECRET = \"\"\"\n[masked]\n[masked]\n\"\"\"\nz"),
            ("SECRET = rb'a\\'b' + 'c'", "SECRET = rb'[masked]' + '[masked]'"),
            ("\"api_key = \\\"x\\\"\\n\",", "\"api_key = \\\"[masked]\\\"\\n\","),
            ("fetch(\"https://h/?token=x&b=1\")", "fetch(\"https://h/?token=[masked]&b=1\")"),
            ("run(\"API_KEY=abc123 ./x\")", "run(\"API_KEY=[masked] ./x\")"),
            ("headers = {\"Authorization\": \"Bearer x\"}", "headers = {\"Authorization\": \"[masked]\"}"),
            ("TOKENS = [\"x\", \"y\"]", "TOKENS = [\"[masked]\", \"[masked]\"]"),
            // What refers to a value that stands elsewhere, or is none, stays.
            (
                "stripe.api_key = os.environ[\"STRIPE_API_KEY\"]",
                "stripe.api_key = os.environ[\"STRIPE_API_KEY\"]",
            ),
            ("api_key=settings.api_key, b=\"y\"", "api_key=settings.api_key, b=\"y\""),
            (
                "Authorization: `Bearer ${process.env.SHOP_TOKEN}`",
                "Authorization: `Bearer ${process.env.SHOP_TOKEN}`",
            ),
            (
                "headers = {\"Authorization\": f\"Bearer {token}\"}",
                "headers = {\"Authorization\": f\"Bearer {token}\"}",
            ),
            ("token = get_token()\nname = \"y\"", "token = get_token()\nname = \"y\""),
            (
                "def get_token(name: str) -> str:\n    return \"y\"",
                "def get_token(name: str) -> str:\n    return \"y\"",
            ),
            ("max_tokens=1000", "max_tokens=1000"),
            ("const getKey = (name) => name", "const getKey = (name) => name"),
        ],
    );
}

#[test]
fn in_settings_a_telling_name_masks_whatever_is_behind_it() {
    assert_table(
        Settings,
        &[
            ("OPENAI_API_KEY=x python app.py", "OPENAI_API_KEY=[masked] python app.py"),
            ("export API_KEY='x'", "export API_KEY='[masked]'"),
            ("api_key: x y # z", "api_key: [masked] # z"),
            ("password: \"x\"", "password: \"[masked]\""),
            ("db.password = x", "db.password = [masked]"),
            ("password:\n  x\nb: y", "password:\n  [masked]\nb: y"),
            ("a:\n  key: |\n    x\n    y\n  b: z", "a:\n  key: |\n[masked]\n[masked]\n  b: z"),
            ("- name: API_KEY\n  value: x", "- name: API_KEY\n  value: [masked]"),
            ("run: app --token x --verbose", "run: app --token [masked] --verbose"),
            ("run: app --api-key=x", "run: app --api-key=[masked]"),
            ("<password>x</password>", "<password>[masked]</password>"),
            ("url: https://user:x@host/a", "url: https://[masked]@host/a"),
            ("-H 'Authorization: Bearer abc123'", "-H 'Authorization: [masked]"),
            (
                "OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}",
                "OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}",
            ),
            ("API_KEY=$API_KEY", "API_KEY=$API_KEY"),
            ("API_KEY=$(cat key)", "API_KEY=$(cat key)"),
            ("password: !vault", "password: !vault"),
            ("\"key\": {", "\"key\": {"),
            ("password: no way", "password: [masked]"),
            ("password: $x", "password: [masked]"),
            ("password: @x", "password: [masked]"),
            ("API_KEY=${KEY:-x}", "API_KEY=[masked]}"),
            ("id-token: write", "id-token: write"),
            ("secrets: inherit", "secrets: inherit"),
        ],
    );
}

#[test]
fn private_keys_are_masked_line_by_line() {
    let pem = "a\n-----BEGIN RSA PRIVATE KEY-----\nx\n\ny\n-----END RSA PRIVATE KEY-----\nb";
    assert_eq!(source(pem, Code), "a\n[masked]\n[masked]\n\n[masked]\n[masked]\nb");
    assert_eq!(source("x\n-----BEGIN it\ny", Code), "x\n[masked]\ny");
}

#[test]
fn text_that_is_made_to_take_long_does_not() {
    for piece in [
        "-----BEGIN\n",
        "-----BEGIN",
        "key:|",
        "key: | ",
        "key: $(",
        "key=$(",
        "key=a;",
        "key=\"\"\"",
        "key=`",
        "key='",
        "\\",
        "key=\\",
        "key=(",
        "key \n",
        "key,",
        "sk-",
        "://a@",
        "eyJ",
        "Bearer 1",
        "name: key\n",
        "<key>",
        "key={{",
        "key=\"{a",
        "r",
        "a1",
    ] {
        // Whatever grows with the square of the length would take minutes here.
        let text = piece.repeat(200_000 / piece.len());
        for syntax in [Code, Settings] {
            source(&text, syntax);
        }
    }
}

/// The same cases in every run: a key that happens to read like words would fail one run in a million.
fn runner() -> TestRunner {
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Code and everything that could confuse who reads it.
const SCRAPS: &str =
    "([ -~]|[\\n\\t\"'`\\\\=:({\\[]|é|漢|\\PC|KEY|token|password|-----BEGIN|://|\"\"\"){0,40}";

#[test]
fn any_text_keeps_its_lines() {
    runner()
        .run(&SCRAPS, |text| {
            for syntax in [Code, Settings] {
                prop_assert_eq!(source(&text, syntax).matches('\n').count(), text.matches('\n').count());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_key_comes_out_whatever_stands_around_it() {
    let key = prop_oneof![
        "sk-(ant-|proj-)?[A-Za-z0-9]{12,60}",
        "AKIA[A-Z0-9]{16}",
        "(ghp|gho|ghs)_[A-Za-z0-9]{36}",
        "github_pat_[A-Za-z0-9_]{30,60}",
        "xox[bpas]-[0-9]{10,12}-[A-Za-z0-9]{24}",
        "AIza[A-Za-z0-9_-]{35}"
            .prop_filter("as issued", |k| k[4..14].bytes().all(|b| b.is_ascii_alphanumeric())),
        "hf_[A-Za-z0-9]{34}",
        "glpat-[A-Za-z0-9]{20}",
        "eyJ[A-Za-z0-9]{20,40}\\.eyJ[A-Za-z0-9]{20,40}\\.[A-Za-z0-9_-]{43}",
        proptest::collection::vec(proptest::sample::select(ALPHABET), 32..64)
            .prop_map(|letters| letters.into_iter().map(char::from).collect::<String>()),
        "[0-9a-f]{16}[0-9][a-f][0-9][a-f]{1,3}[0-9a-f]{16}",
    ];
    let around = (SCRAPS, "[^A-Za-z0-9]", key, "[^A-Za-z0-9]", SCRAPS);
    runner()
        .run(&around, |(before, open, key, close, after)| {
            let text = format!("{before}{open}{key}{close}{after}");
            for syntax in [Code, Settings] {
                let shown = source(&text, syntax);
                for part in key.as_bytes().windows(12) {
                    let part = std::str::from_utf8(part).expect("keys are ASCII");
                    prop_assert!(!shown.contains(part), "{} of {} in {}", part, key, shown);
                }
            }
            Ok(())
        })
        .unwrap();
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[test]
fn what_is_assigned_to_a_telling_name_never_comes_out() {
    let name =
        "(export |self\\.|const |\\$)?[A-Za-z_]{0,8}(KEY|TOKEN|SECRET|PASSWORD|_key|Token|secret|Password)";
    let assigned = (SCRAPS, name, "( = |=|: |: str = )", "[a-z]{8,14}");
    runner()
        .run(&assigned, |(before, name, sign, value)| {
            for quote in ["\"", "'", "`", "\"\"\""] {
                // An open quote before it could make the name a part of a text; a line break ends that.
                let text = format!(
                    "{}\n{name}{sign}{quote}{value}{quote}\n",
                    before.replace(['"', '\'', '`', '\\'], "")
                );
                for syntax in [Code, Settings] {
                    let shown = source(&text, syntax);
                    prop_assert!(!shown.contains(&value), "{}", shown);
                }
            }
            Ok(())
        })
        .unwrap();
}
