//! A review from the command line: the queue, a correction, a confirmation, a rejection by two, and what opens a decision again.

use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use crate::GATED;

fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    &ended.stdout
}

#[test]
fn a_reviewer_decides_once_and_is_asked_again_only_where_it_matters() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = Stage::new();
        stage.put("agent.py", GATED).put("requirements.txt", "langchain==1.0.0\n");
        let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", &store]].concat());
        let review = |arguments: &[&str]| run(&[&["review"], arguments].concat());
        let scan = || done(&run(&["scan", "app", "--quiet"])).to_owned();
        let queue = || -> Vec<Value> {
            let listed = review(&["list", "--format", "json"]);
            serde_json::from_str(done(&listed)).expect("a list")
        };
        scan();
        assert_eq!(queue().len(), 1);
        let table = review(&["list"]);
        assert!(done(&table).contains("needs-review"), "{table:?}");

        // What is not said is asked for, with what to do.
        let early = review(&["confirm", "app", "--by", "ada"]);
        assert_eq!(early.code, Some(2), "{early:?}");
        assert!(early.stderr.contains("who answers for it"), "{early:?}");
        done(&review(&["own", "app", "orders-team", "--by", "ada"]));
        done(&review(&["correct", "app", "c8", "no", "--by", "ada", "--reason", "it keeps no memory"]));
        let shown = review(&["show", "app"]);
        assert!(done(&shown).contains("corrected to no by ada: it keeps no memory"), "{shown:?}");
        let confirmed =
            review(&["confirm", "app", "--verdict", "agentic", "--reason", "we run it", "--by", "ada"]);
        assert!(done(&confirmed).contains("confirmed, agentic, owner orders-team"), "{confirmed:?}");
        assert!(queue().is_empty());

        // Lines that move wake nobody; a gate that is gone does.
        stage.put("agent.py", format!("# the agent of the shop\n\n{GATED}"));
        scan();
        assert!(queue().is_empty());
        stage.put(
            "agent.py",
            GATED.replace(
                "    middleware=[HumanInTheLoopMiddleware(interrupt_on={\"cancel_order\": True})],\n",
                "",
            ),
        );
        scan();
        let again = queue();
        assert_eq!(again.len(), 1);
        let why = again[0]["review"]["reopened"].to_string();
        assert!(why.contains("C4: no → yes") || why.contains("C4: unknown → yes"), "{why}");
        assert_eq!(again[0]["review"]["before"]["standing"], "confirmed");
        assert_eq!(again[0]["review"]["corrections"]["C8"]["answer"], false, "what was corrected stays so");

        // Two people reject what may act by itself.
        let words = "an example that is never run";
        let reject = ["reject", "app", "--as", "test-or-sample", "--reason", words];
        let first = review(&[&reject[..], &["--by", "ada"]].concat());
        assert!(
            done(&first).contains("proposed by ada") && first.stderr.contains("second person"),
            "{first:?}"
        );
        assert_eq!(review(&["approve", "app", "--by", "ada"]).code, Some(2));
        let second = review(&["approve", "app", "--by", "bob"]);
        assert!(done(&second).contains("rejected, test-or-sample, until"), "{second:?}");
        assert!(queue().is_empty());
        done(&review(&["reopen", "app", "--reason", "it is run after all", "--by", "eve"]));
        assert_eq!(queue().len(), 1);
        let log = run(&["audit", "log"]);
        assert_eq!(done(&log).lines().filter(|line| line.contains(" reopen ")).count(), 2, "{log:?}");
        done(&run(&["audit", "verify"]));
    }
}
