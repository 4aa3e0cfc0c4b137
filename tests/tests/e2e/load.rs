//! Fifty reviewers at once, a scan that writes meanwhile, and a site that is killed: no decision is lost, and none is overwritten unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use muster_tests::postgres::Postgres;
use muster_tests::site::Site;
use muster_tests::stage::{Ended, Stage, copy};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::journeys::ORGANISATION;

const REVIEWERS: usize = 50;

fn done(ended: Ended) -> String {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

/// A store of the sample organisation, and who decides of it.
struct Team {
    stage: Stage,
    store: String,
    tokens: Vec<String>,
    systems: Vec<String>,
}

impl Team {
    fn new(store: &str) -> Self {
        let stage = Stage::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
        let mut team = Self { stage, store: store.to_owned(), tokens: Vec::new(), systems: Vec::new() };
        team.scan();
        for number in 0..REVIEWERS {
            let name = format!("reviewer-{number}");
            let token = team.run(&["access", "token", "--name", &name, "--role", "reviewer"]);
            team.tokens.push(token.trim().to_owned());
        }
        let listed: Vec<Value> =
            serde_json::from_str(&team.run(&["review", "list", "--format", "json"])).expect("a list");
        let ids = listed.iter().map(|one| one["system"]["id"].as_str().expect("an id").to_owned());
        team.systems = ids.collect();
        assert_eq!(team.systems.len(), 7);
        team
    }

    fn run(&self, arguments: &[&str]) -> String {
        done(self.stage.run(&[arguments, &["--store", &self.store]].concat()))
    }

    fn scan(&self) {
        self.run(&[&["scan"], &ORGANISATION[..], &["--quiet"]].concat());
    }

    fn site(&self) -> Site {
        Site::start(&self.stage, &["--store", &self.store, "--no-link"])
    }

    /// Who set which owner, in the order of the record, by system; the record is whole.
    fn record(&self) -> BTreeMap<String, Vec<(String, Value)>> {
        self.run(&["audit", "verify"]);
        let mut record: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
        for line in self.run(&["audit", "export"]).lines() {
            let entry: Value = serde_json::from_str(line).expect("an entry");
            if entry["action"] == "own" {
                let system = entry["system"].as_str().expect("a system").to_owned();
                let owner = entry["to"]["owner"]["by"].as_str().expect("an owner").to_owned();
                record.entry(system).or_default().push((owner, entry["from"]["owner"]["by"].clone()));
            }
        }
        record
    }
}

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
enum Tried {
    /// It was said to be done.
    Acknowledged,
    /// Somebody was faster.
    Stale,
    /// Nobody answered.
    Lost,
}

/// Reads a system, and sets its owner as of what was read.
async fn own(client: &reqwest::Client, url: &str, token: &str, system: &str, owner: &str) -> Tried {
    let Ok(page) = client.get(format!("{url}/systems/{system}")).bearer_auth(token).send().await else {
        return Tried::Lost;
    };
    assert_eq!(page.status(), 200);
    let Ok(page) = page.text().await else { return Tried::Lost };
    let (_, rest) = page.split_once("name=\"revision\" value=\"").expect("the page names the revision");
    let revision = rest.split('"').next().unwrap_or_default();
    let form = format!("act=own&owner={owner}&revision={revision}");
    let sent = client
        .post(format!("{url}/systems/{system}/acts"))
        .bearer_auth(token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send();
    match sent.await {
        Err(_) => Tried::Lost,
        Ok(answer) => match answer.status().as_u16() {
            303 => Tried::Acknowledged,
            409 => Tried::Stale,
            other => panic!("{other}: {}", answer.text().await.unwrap_or_default()),
        },
    }
}

/// Everybody sets owners until each was told `each` times that it was done, or nobody answers any more. Gives what was said to be done,
/// and how often somebody was faster.
fn burst(team: &Team, url: &str, each: usize, told: &Arc<AtomicUsize>) -> (BTreeSet<String>, usize) {
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let stale = Arc::new(AtomicUsize::new(0));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let client = client.expect("a client");
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
        let mut reviewers = JoinSet::new();
        for (number, token) in team.tokens.iter().cloned().enumerate() {
            let (client, url, systems) = (client.clone(), url.to_owned(), team.systems.clone());
            let (acknowledged, stale, told) =
                (Arc::clone(&acknowledged), Arc::clone(&stale), Arc::clone(told));
            reviewers.spawn(async move {
                for turn in 0..each {
                    // Ten begin with one system, so that they get in each other's way.
                    let system = &systems[(turn + number / 10) % systems.len()];
                    let owner = format!("team-{number}-{turn}");
                    loop {
                        match own(&client, &url, &token, system, &owner).await {
                            Tried::Acknowledged => break,
                            Tried::Stale => {
                                stale.fetch_add(1, Ordering::Relaxed);
                            }
                            Tried::Lost => return,
                        }
                    }
                    acknowledged.lock().expect("nobody panicked").insert(owner);
                    told.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while let Some(ended) = reviewers.join_next().await {
            ended.expect("nobody panicked");
        }
    });
    let acknowledged = acknowledged.lock().expect("nobody panicked").clone();
    (acknowledged, stale.load(Ordering::Relaxed))
}

#[test]
fn fifty_reviewers_lose_nothing_while_a_scan_writes() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let team = Team::new(&store);
        let site = team.site();
        let told = Arc::new(AtomicUsize::new(0));
        let over = AtomicBool::new(false);
        let during = std::thread::scope(|scope| {
            let scans = scope.spawn(|| {
                // How much was decided while each scan ran.
                let mut during = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let before = told.load(Ordering::Relaxed);
                    team.scan();
                    during.push(told.load(Ordering::Relaxed) - before);
                }
                during
            });
            let (acknowledged, stale) = burst(&team, &site.url, 4, &told);
            over.store(true, Ordering::Relaxed);
            assert_eq!(acknowledged.len(), 4 * REVIEWERS);
            assert!(stale > 0, "nobody got in anybody's way");
            scans.join().expect("the scans end")
        });
        assert!(during.iter().any(|decided| *decided > 0), "a scan blocks reviewing: {during:?}");
        // Each is in the record once, and each knew of the one before it.
        let record = team.record();
        let all: Vec<&String> = record.values().flatten().map(|(owner, _)| owner).collect();
        assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (4 * REVIEWERS, 4 * REVIEWERS));
        for entries in record.values() {
            let mut before = Value::Null;
            for (owner, from) in entries {
                assert_eq!(*from, before, "{owner} overwrote what was never seen");
                before = Value::from(owner.as_str());
            }
        }
    }
}

#[test]
fn what_a_killed_site_acknowledged_is_kept() {
    for (store, kills) in [("muster.db".to_owned(), 2), (Postgres::shared().database(), 1)] {
        let team = Team::new(&store);
        let mut acknowledged = BTreeSet::new();
        for kill in 1..=kills {
            let site = team.site();
            let url = site.url.clone();
            let told = Arc::new(AtomicUsize::new(0));
            let more = std::thread::scope(|scope| {
                let burst = scope.spawn(|| burst(&team, &url, 40, &told).0);
                while told.load(Ordering::Relaxed) < 25 * kill {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                // It is killed, and is not asked to end.
                drop(site);
                burst.join().expect("the burst ends")
            });
            assert!(more.len() < 40 * REVIEWERS, "it was killed too late");
            acknowledged.extend(more);
            let record = team.record();
            let kept: BTreeSet<String> = record.into_values().flatten().map(|(owner, _)| owner).collect();
            let lost: Vec<&String> = acknowledged.difference(&kept).collect();
            assert!(lost.is_empty(), "{lost:?}");
        }
    }
}
