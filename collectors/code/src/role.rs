//! What kind of code a file is, decided from its path alone.
//!
//! Nothing that a file says about itself counts: a header that claims "generated" must not be able to hide an agent.

use asmm_model::Role;

/// Folders whose content is third-party code.
const VENDORED: &[&str] = &[
    "node_modules",
    "vendor",
    "third_party",
    "third-party",
    "thirdparty",
    "site-packages",
    "bower_components",
    "_vendor",
    "external_libs",
];
const TESTS: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "testing",
    "spec",
    "specs",
    "e2e",
    "fixtures",
    "__mocks__",
    "__fixtures__",
    "testdata",
    "integration_tests",
    "unit_tests",
];
const DOCS: &[&str] = &["docs", "doc", "documentation", "site_docs"];
const SAMPLES: &[&str] = &[
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "tutorial",
    "tutorials",
    "cookbook",
    "cookbooks",
    "quickstart",
    "quickstarts",
    "playground",
    "notebooks",
];
const GENERATED: &[&str] =
    &["generated", "__generated__", "gen", "dist", "build", "out", ".next", ".nuxt", "storybook-static"];

/// Where the packages of a JVM source folder begin: what is below are names of packages, not folders of a project.
fn packages(path: &str) -> usize {
    ["/java/", "/kotlin/", "/scala/"]
        .iter()
        .filter_map(|language| {
            let at = path.find(language)?;
            let (above, source_set) = path[..at].rsplit_once('/').unwrap_or(("", &path[..at]));
            let in_src = above == "src" || above.ends_with("/src");
            (in_src && !source_set.is_empty()).then_some(at + language.len())
        })
        .min()
        .unwrap_or(path.len())
}

/// Whether a folder holds tests: by its name, or by what its name ends in or begins with.
fn is_test_folder(folder: &str) -> bool {
    let lower = folder.to_ascii_lowercase();
    let ends = [".tests", ".test", "-tests", "-test", "_tests", "-it", ".integrationtests", ".unittests"];
    let begins = ["test-", "test_"];
    let held = ["apps", "applications", "projects", "data", "fixtures", "suites", "cases"];
    ends.iter().any(|end| lower.ends_with(end))
        || begins.iter().any(|begin| lower.strip_prefix(begin).is_some_and(|rest| held.contains(&rest)))
        || ["androidtest", "integrationtest", "testfixtures", "jmh"].contains(&lower.as_str())
}

/// Whether a file of a language with classes is named after a test.
fn is_test_file(file: &str) -> bool {
    let Some((stem, ending)) = file.rsplit_once('.') else { return false };
    let is_word = |rest: &str| rest.ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit());
    match ending {
        "java" | "kt" | "cs" | "php" | "groovy" | "scala" => ["Test", "Tests", "TestCase", "IT", "Spec"]
            .iter()
            .any(|end| stem.strip_suffix(end).is_some_and(is_word)),
        "rb" => stem.ends_with("_spec"),
        _ => false,
    }
}

/// The role of a file.
pub(crate) fn role_of(path: &str) -> Role {
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    let folders = path[..packages(path)].rsplit_once('/').map_or("", |(folders, _)| folders);
    let any = |names: &[&str]| {
        folders.split('/').any(|folder| names.iter().any(|n| folder.eq_ignore_ascii_case(n)))
    };
    let stem = file.split('.').next().unwrap_or(file);
    if any(VENDORED) {
        return Role::Vendored;
    }
    let test_name = stem.starts_with("test_")
        || is_test_file(file)
        || folders.split('/').any(is_test_folder)
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem == "conftest"
        || file.contains(".test.")
        || file.contains(".spec.")
        || file.contains(".stories.");
    if test_name || any(TESTS) {
        return Role::Test;
    }
    if file.ends_with("_pb2.py") || file.ends_with("_pb2_grpc.py") || file.contains(".min.") || any(GENERATED)
    {
        return Role::Generated;
    }
    if any(SAMPLES) {
        return Role::Sample;
    }
    if any(DOCS) {
        return Role::Docs;
    }
    // A notebook is read and tried out; what runs for users is mostly taken over from it.
    if crate::starters::has_extension(file, &["ipynb"]) {
        return Role::Sample;
    }
    Role::Production
}

/// The folder of the sample that a file belongs to: the folder of samples, and the one in it if there is one.
pub(crate) fn sample_folder(path: &str) -> Option<&str> {
    let mut end = 0;
    let mut in_samples = false;
    let packages = packages(path);
    for (at, _) in path.match_indices('/').filter(|(at, _)| *at < packages) {
        let folder = &path[end..at];
        if in_samples {
            return path.get(..at);
        }
        in_samples = SAMPLES.iter().any(|s| folder.eq_ignore_ascii_case(s));
        end = at + 1;
    }
    in_samples.then(|| path.get(..end.saturating_sub(1))).flatten()
}

/// Whether the text looks like the output of a minifier: lines that no person writes.
pub(crate) fn is_minified(source: &[u8]) -> bool {
    if source.len() < 4096 {
        return false;
    }
    let lines = memchr::memchr_iter(b'\n', source).count() + 1;
    source.len() / lines > 400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_from_paths() {
        let cases = [
            ("src/agent.py", Role::Production),
            ("computer-use-demo/loop.py", Role::Production),
            ("examples/agent.py", Role::Sample),
            ("tests/agent.py", Role::Test),
            ("src/agent.test.ts", Role::Test),
            ("src/test_agent.py", Role::Test),
            ("src/latest_agent.py", Role::Production),
            ("docs/conf.py", Role::Docs),
            ("refunds.ipynb", Role::Sample),
            ("docs/examples/a.py", Role::Sample),
            ("node_modules/openai/index.js", Role::Vendored),
            ("proto/x_pb2.py", Role::Generated),
            ("app.min.js", Role::Generated),
            ("src/main/java/com/example/demo/Agent.java", Role::Production),
            ("src/test/java/com/acme/Agent.java", Role::Test),
            ("src/integrationTest/kotlin/com/acme/Agent.kt", Role::Test),
            ("src/AgentTests.cs", Role::Test),
            ("src/Latest.cs", Role::Production),
            ("Acme.Agent.Tests/Agent.cs", Role::Test),
            ("packages/node-integration-tests/a.ts", Role::Test),
            ("lib/agent_spec.rb", Role::Test),
            ("internal/agent_test.go", Role::Test),
        ];
        for (path, role) in cases {
            assert_eq!(role_of(path), role, "{path}");
        }
    }

    #[test]
    fn minified_is_about_lines() {
        assert!(is_minified("a=1;".repeat(5000).as_bytes()));
        assert!(!is_minified("a = 1;\n".repeat(5000).as_bytes()));
    }
}
