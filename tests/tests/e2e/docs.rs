//! What the documentation shows is run as it stands there, so that none of it is a promise.
//!
//! The commands of a page run in a folder with the summariser, with the refund agent in `services/refunds`, the support
//! bot in `services/support`, all mini repositories in `tests/mini`, and the sample organisation in `tests/organisation`; AWS and Kubernetes
//! are servers of the tests with a small organisation and a small cluster; in `mirrors` are bare repositories of the refund
//! agent and the support bot, and `../shop` is a clone with the support bot, at a branch that adds the
//! refund agent and asks nobody any more; the variables that channels name are set. `cargo run … -- X` is run as `muster X`. A word
//! in capitals (PATH, DIR) stands for that folder. A block whose info string ends in a path is a file, and is put there
//! before the commands that follow it. A `text` or `json` block right below a command holds what it prints, where `…` on
//! a line of its own stands for lines that are left out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use muster_tests::aws::{self, Aws};
use muster_tests::binary::path as muster;
use muster_tests::git::{commit, git};
use muster_tests::http::Reply;
use muster_tests::scripted::{Scripted, bot, list};
use muster_tests::stage::{Stage, copy};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// The account of AWS that pages speak of.
static ACCOUNT: LazyLock<Aws> = LazyLock::new(aws::small);

/// The cluster that pages speak of: its roles may not be listed.
static CLUSTER: LazyLock<Scripted> = LazyLock::new(|| {
    Scripted::new(|asked| match asked.path.as_str() {
        "/apis/apps/v1/deployments" | "/apis/apps/v1/namespaces/shop/deployments" => {
            Some(list(&[bot("support-bot")], None))
        }
        path if path.starts_with("/apis/rbac.authorization.k8s.io/") => Some(Reply::status(403, "Forbidden")),
        path if path.ends_with("/selfsubjectrulesreviews") => Some(Reply::ok(
            r#"{"status": {"resourceRules": [{"verbs": ["list"], "apiGroups": ["", "apps", "batch", "kagent.dev"], "resources": ["*"]}]}}"#,
        )),
        _ => None,
    })
});

/// The pages that a user or a contributor reads.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    pages.extend(
        std::fs::read_dir(root().join("agent/docs"))
            .expect("there are docs")
            .map(|entry| entry.expect("a folder can be listed").path()),
    );
    pages.retain(|page| page.extension().is_some_and(|e| e == "md") && page.is_file());
    pages.sort();
    pages
}

/// One thing that a page shows, with the place where it stands.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    /// A file, by its path.
    File(String, String),
    /// A command of a shell.
    Command(String),
    /// What the command above it prints.
    Output(String),
}

/// What the blocks of a page show, in order, each with its line.
fn shown(text: &str) -> Vec<(usize, Shown)> {
    let mut all: Vec<(usize, Shown)> = Vec::new();
    let mut lines = text.lines().enumerate();
    // Whether nothing but blank lines stands between here and a command.
    let mut below_command = false;
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            below_command &= line.trim().is_empty();
            continue;
        };
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|l| !l.starts_with("```")).collect();
        let whole = || block.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        let is_output = below_command && matches!(info, "text" | "json");
        below_command = false;
        if let Some((_, path)) = info.split_once(' ') {
            all.push((at + 1, Shown::File(path.to_owned(), whole())));
        } else if info == "sh" {
            all.extend(
                commands(&block).into_iter().map(|(line, command)| (at + 2 + line, Shown::Command(command))),
            );
            below_command = true;
        } else if is_output {
            all.push((at + 1, Shown::Output(whole())));
        }
    }
    all
}

/// The commands of a block, put together where they go on in the next line.
fn commands(block: &[&str]) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in block.iter().map(|line| line.trim()).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (begin, mut command) = open.take().unwrap_or((at, String::new()));
        let more = line.strip_suffix('\\');
        command.push_str(more.unwrap_or(line));
        if more.is_some() { open = Some((begin, command)) } else { commands.push((begin, command)) }
    }
    commands
}

/// Whether a page shows what was printed. `…` stands for any lines, and a run of blanks for any other: columns move
/// with every answer.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    let same = |shown: &[&str], printed: &[&str]| {
        shown.len() == printed.len()
            && shown.iter().zip(printed).all(|(a, b)| a.split_whitespace().eq(b.split_whitespace()))
    };
    let mut groups = shown.split(|line| *line == "…");
    let first = groups.next().unwrap_or_default();
    let Some(last) = groups.next_back() else { return same(first, printed) };
    let Some((head, mut rest)) = printed.split_at_checked(first.len()) else { return false };
    // The first place at which a group fits leaves most room for the others.
    for group in groups {
        let found =
            (0..=rest.len()).find(|at| rest.get(*at..at + group.len()).is_some_and(|r| same(group, r)));
        let Some(found) = found else { return false };
        rest = &rest[found + group.len()..];
    }
    let end = rest.len().checked_sub(last.len()).map(|at| &rest[at..]);
    same(first, head) && end.is_some_and(|end| same(last, end))
}

/// What a command is run as; nothing for those that are not ours to run.
#[derive(Debug, PartialEq, Eq)]
enum Runs {
    Muster(String),
    Script(String),
    Other,
}

fn runs(command: &str) -> Runs {
    let first = command.split_whitespace().next().unwrap_or_default();
    match first {
        "muster" => Runs::Muster(filled(command)),
        "cargo" if command.starts_with("cargo run") => match command.split_once(" -- ") {
            Some((_, rest)) => Runs::Muster(filled(&format!("muster {rest}"))),
            None => Runs::Other,
        },
        "./tests/run" | "./tests/bench" => Runs::Script(command.to_owned()),
        _ => Runs::Other,
    }
}

/// The command with a folder in place of what the reader fills in.
fn filled(command: &str) -> String {
    let command = command.split(" # ").next().unwrap_or(command);
    let words = command.split_whitespace().map(|word| match word {
        "PATH" | "DIR" | "TARGET" | "FOLDER" => ".",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Exit codes that the command itself asks for.
fn allowed(command: &str) -> Vec<i32> {
    let asked = [("--exit-code", 10), ("--strict-coverage", 4), ("doctor", 4)];
    let asked = asked.into_iter().filter(|(option, _)| command.contains(option)).map(|(_, code)| code);
    std::iter::once(0).chain(asked).collect()
}

fn stage() -> Stage {
    let stage = Stage::new();
    let mini = root().join("tests/mini");
    copy(&mini.join("summariser"), &stage.app());
    copy(&mini.join("refund-agent"), &stage.app().join("services/refunds"));
    copy(&mini.join("support-bot"), &stage.app().join("services/support"));
    copy(&mini, &stage.app().join("tests/mini"));
    copy(&root().join("tests/organisation"), &stage.app().join("tests/organisation"));
    copy(&root().join("collectors/aws/tests/estate"), &stage.app().join("account"));
    copy(&root().join("collectors/kubernetes/tests/cluster"), &stage.app().join("cluster"));
    for (folder, name) in [("services/refunds", "refunds"), ("services/support", "support")] {
        let copied = stage.beside(name);
        copy(&stage.app().join(folder), &copied);
        commit(&copied);
        let bare = stage.app().join("mirrors").join(format!("{name}.git"));
        git(&copied, &["clone", "-q", "--bare", ".", &bare.display().to_string()]);
    }
    std::fs::write(stage.beside("aws-config"), "[profile audit]\nregion = eu-west-1\n")
        .expect("a file can be written");
    // A branch of the shop that is to be merged.
    let shop = stage.beside("shop");
    copy(&mini.join("support-bot"), &shop.join("support"));
    commit(&shop);
    git(&shop, &["checkout", "-q", "-b", "refunds"]);
    copy(&mini.join("refund-agent"), &shop.join("refunds"));
    let tools = shop.join("support/src/tools.ts");
    let text = std::fs::read_to_string(&tools).expect("the tools of the bot");
    std::fs::write(&tools, text.replace("  needsApproval: true,\n", "")).expect("a file");
    commit(&shop);
    CLUSTER.kubeconfig(&stage.beside(""), &["staging", "prod"]);
    std::fs::create_dir(stage.beside("bin")).expect("a folder");
    std::fs::hard_link(muster(), stage.beside("bin/muster"))
        .or_else(|_| std::fs::copy(muster(), stage.beside("bin/muster")).map(|_| ()))
        .expect("the binary can be put on PATH");
    stage
}

/// What the command prints; the error says what is wrong with it. What goes on until it is told to end is told so.
fn run(stage: &Stage, command: &str) -> Result<String, String> {
    let serves = command.starts_with("muster serve");
    let until = if serves { "exec timeout --preserve-status -s INT 3 " } else { "" };
    let ended = Command::new("sh")
        .args(["-e", "-c", &format!("{until}{command}")])
        .current_dir(stage.app())
        .stdin(Stdio::null())
        .env_clear()
        .env("HOME", stage.beside("home"))
        // Somebody else may listen where it does by default.
        .env("MUSTER_LISTEN", "127.0.0.1:0")
        .env("AWS_ENDPOINT_URL", &ACCOUNT.url)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "of-the-test")
        .env("AWS_REGION", "eu-west-1")
        .env("KUBECONFIG", stage.beside("kubeconfig"))
        .env("AWS_CONFIG_FILE", stage.beside("aws-config"))
        .env("SLACK_URL", "https://chat.example/of-the-test")
        .env("TEAMS_URL", "https://flow.example/of-the-test")
        .env("HOOK_PATH", "of-the-test")
        .env("HOOK_SECRET", "a-secret-of-the-test")
        .env("MAIL_PASSWORD", "of-the-test")
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", stage.beside("bin").display()))
        .output()
        .map_err(|error| error.to_string())?;
    let code = ended.status.code();
    let said = String::from_utf8_lossy(&ended.stderr);
    if code.is_some_and(|code| allowed(command).contains(&code)) {
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned() + &said)
    } else {
        Err(format!("`{command}` ends with {}\n{said}", ended.status))
    }
}

/// A script of the repository exists and knows the options; running it would run this test again.
fn knows(command: &str) -> Result<(), String> {
    let mut words = command.split(" # ").next().unwrap_or(command).split_whitespace();
    let script = root().join(words.next().unwrap_or_default());
    if !script.is_file() {
        return Err(format!("{} is not there", script.display()));
    }
    let options: Vec<&str> = words.collect();
    if options.is_empty() {
        return Ok(());
    }
    let help = Command::new(&script).arg("--help").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&help.stdout);
    match options.into_iter().find(|option| !text.contains(option)) {
        Some(option) => Err(format!("`{command}`: its help does not know {option}")),
        None if help.status.success() => Ok(()),
        None => Err(format!("{} --help ends with {}", script.display(), help.status)),
    }
}

/// Holds a page against what the binary does: how many commands were tried, and what is wrong.
fn hold(page: &Path) -> (usize, Vec<String>) {
    let text = std::fs::read_to_string(page).expect("a page can be read");
    let name = page.strip_prefix(root()).expect("it is in the repository").display();
    let stage = stage();
    let (mut tried, mut faults) = (0, Vec::new());
    let mut printed: Option<(String, String)> = None;
    for (line, shown) in shown(&text) {
        let result = match shown {
            Shown::File(path, text) => {
                stage.put(&path, text);
                Ok(())
            }
            Shown::Command(command) => {
                printed = None;
                let runs = runs(&command);
                tried += usize::from(runs != Runs::Other);
                match runs {
                    Runs::Muster(command) => {
                        run(&stage, &command).map(|text| printed = Some((command, text)))
                    }
                    Runs::Script(command) => knows(&command),
                    Runs::Other => Ok(()),
                }
            }
            Shown::Output(output) => match &printed {
                Some((command, text)) => {
                    let same = fits(&output.lines().collect::<Vec<_>>(), &text.lines().collect::<Vec<_>>());
                    if same { Ok(()) } else { Err(format!("`{command}` prints something else:\n{text}")) }
                }
                // The command above it failed, or is not ours.
                None => Ok(()),
            },
        };
        if let Err(fault) = result {
            faults.push(format!("{name}:{line}: {fault}"));
        }
    }
    (tried, faults)
}

#[test]
fn what_the_documentation_shows_is_so() {
    let (tried, faults): (Vec<usize>, Vec<Vec<String>>) = pages().iter().map(|page| hold(page)).unzip();
    assert!(tried.iter().sum::<usize>() > 0, "no command was found: has the way of writing them changed?");
    let faults = faults.concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_help_of_the_checks_can_be_shown() {
    let help = Command::new(root().join("tests/run")).arg("--help").output().expect("it can be run");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--quick"));
}

#[test]
fn commands_are_read_as_a_shell_would() {
    let expected = [
        ("muster scan PATH  # everything", Runs::Muster("muster scan .".to_owned())),
        (
            "cargo run --release -- scan . --format json",
            Runs::Muster("muster scan . --format json".to_owned()),
        ),
        ("cargo run", Runs::Other),
        ("./tests/run --quick", Runs::Script("./tests/run --quick".to_owned())),
        ("git clone x", Runs::Other),
    ];
    for (command, meant) in expected {
        assert_eq!(runs(command), meant, "{command}");
    }
}

#[test]
fn a_page_shows_files_commands_and_what_they_print() {
    let page = "\
```toml rules/a.toml
[[rule]]
```
Then:

```sh
# a remark
muster rules \\
  check DIR
```

```text
1 rule
…
```
Prose.
```text
no output
```
";
    let expected = [
        (1, Shown::File("rules/a.toml".to_owned(), "[[rule]]\n".to_owned())),
        (8, Shown::Command("muster rules check DIR".to_owned())),
        (12, Shown::Output("1 rule\n…\n".to_owned())),
    ];
    assert_eq!(shown(page), expected);
}

#[test]
fn lines_are_left_out_only_where_a_page_says_so() {
    let printed = ["a", "  b", "c"];
    for shown in [&["a", "b", "c"][..], &["a", "…"], &["…", "c"], &["…", "b", "…"], &["a", "…", "c"]]
    {
        assert!(fits(shown, &printed), "{shown:?}");
    }
    for shown in [&["a", "b"][..], &["b", "…"], &["…", "b"], &["a", "c"], &["…", "b", "a", "…"]] {
        assert!(!fits(shown, &printed), "{shown:?}");
    }
}
