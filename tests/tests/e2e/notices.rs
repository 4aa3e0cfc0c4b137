//! What a run tells others: each event once, again only where it may not have arrived, and nothing that was read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use muster_tests::binary::muster;
use muster_tests::http::{Reply, Request, listen};
use muster_tests::stage::Stage;
use serde_json::Value;

use crate::{AGENT, WITNESS};

/// In the shape of a key, and of nobody.
const CANARY: &str = "sk-proj-CANARYkjh3g4k5jh6g7fd8s9a0QWERTYuiop1234567890asdfgh";

/// Somebody who listens, and is out of order at first.
struct Team {
    url: String,
    heard: Arc<Mutex<Vec<Request>>>,
    is_down: Arc<AtomicBool>,
}

impl Team {
    fn new() -> Self {
        let heard: Arc<Mutex<Vec<Request>>> = Arc::default();
        let is_down = Arc::new(AtomicBool::new(true));
        let (keep, down) = (Arc::clone(&heard), Arc::clone(&is_down));
        let url = listen(move |request| {
            keep.lock().expect("nobody panicked").push(request.clone());
            // Longer than any run waits.
            let headers = vec!["retry-after: 86400".to_owned()];
            Some(if down.load(Ordering::SeqCst) {
                Reply { status: 503, headers, ..Reply::ok("") }
            } else {
                Reply::ok("")
            })
        });
        Self { url, heard, is_down }
    }

    /// What came since this was asked last.
    fn heard(&self) -> Vec<Request> {
        std::mem::take(&mut *self.heard.lock().expect("nobody panicked"))
    }
}

fn run(stage: &Stage, team: &Team) -> (Option<i32>, String) {
    let mut command = muster(&stage.beside("home"));
    command
        .env("TEAM_URL", format!("{}/hook-{CANARY}", team.url))
        .env("TEAM_SECRET", "a secret of 32 letters and more!");
    let output = command.args(["run"]).current_dir(stage.lair()).output().expect("muster can be run");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What the notices of a request are about: the kind, and the name of the system.
fn told(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["schema"], "muster.notices/1", "{body}");
    let notices = body["notices"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    notices.iter().map(|one| format!("{} {}", text(&one["wanted"]), text(&one["system"]["name"]))).collect()
}

#[test]
fn each_event_is_told_once_and_again_only_where_it_may_not_have_arrived() {
    let (stage, team) = (Stage::new(), Team::new());
    stage.put("one/ask.py", WITNESS).put("one/requirements.txt", "openai==1.40.0\n");
    stage.put("one/.env", format!("OPENAI_API_KEY={CANARY}\n"));
    std::fs::write(
        stage.beside("muster.toml"),
        "store = \"muster.db\"\n[[source]]\nname = \"app\"\ntargets = [\"app\"]\n\
         [[notify]]\nname = \"team\"\nkind = \"webhook\"\nurl = \"${TEAM_URL}\"\nsecret = \"${TEAM_SECRET}\"\n",
    )
    .expect("a file");
    // Nothing in it is agentic: there is nothing to tell, and nobody is asked.
    assert_eq!(run(&stage, &team), (Some(0), String::new()));
    assert!(team.heard().is_empty());

    stage
        .put("two/agent.py", format!("KEY = \"{CANARY}\"\n{AGENT}"))
        .put("two/requirements.txt", "langchain==1.0.0\n");
    let (code, said) = run(&stage, &team);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("The channel `team` could not be told"), "{said}");
    assert!(!said.contains("hook") && !said.contains(&CANARY[..12]), "{said}");
    let first = team.heard();
    assert_eq!(first.len(), 1, "it asks to be left alone for a day");
    assert_eq!(told(&first[0]), ["new-agentic two"]);

    // It is told by the next run, as the same delivery, though nothing happened in that.
    team.is_down.store(false, Ordering::SeqCst);
    assert_eq!(run(&stage, &team).0, Some(0));
    let second = team.heard();
    assert_eq!(second.len(), 1);
    assert_eq!((&second[0].body, told(&second[0])), (&first[0].body, told(&first[0])));
    for header in ["muster-delivery", "content-type"] {
        assert_eq!(second[0].headers.get(header), first[0].headers.get(header), "{header}");
    }
    assert!(second[0].headers["muster-signature"].contains("v1="));
    for request in &second {
        let all = format!("{request:?}").replace(&format!("/hook-{CANARY}"), "");
        assert!(!all.contains(&CANARY[..12]) && !all.contains("cancel"), "{all}");
    }
    // And never again, until something else happens.
    assert_eq!(run(&stage, &team).0, Some(0));
    assert!(team.heard().is_empty());
    stage.put("three/agent.py", AGENT).put("three/requirements.txt", "langchain==1.0.0\n");
    assert_eq!(run(&stage, &team).0, Some(0));
    let third = team.heard();
    assert_eq!(third.iter().flat_map(told).collect::<Vec<_>>(), ["new-agentic three"]);
}
