//! What is asked of an account, in which order: its identities first, then each service in each region, and in the end
//! about the identities and workloads that turned out to matter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asmm_model::GapReason;
use futures::stream;
use futures::{FutureExt, StreamExt};
use muster_collect::Progress;

use crate::answers::{Answer, Answers};
use crate::calls::{About, Call, Parameters, Question, SERVICES, Service};
use crate::client::{Client, Page, Refusal};
use crate::folder::Folder;

/// Regions, and details of one list, that are asked about at once.
const AT_ONCE: usize = 8;
/// Pages of one answer; more than any account has.
const MAX_PAGES: usize = 1_000;
/// Where services stand that have one place for all regions.
pub(crate) const GLOBAL: &str = "global";

/// Asks about one account.
pub(crate) struct Survey<'a> {
    pub(crate) client: &'a Client,
    pub(crate) regions: &'a [String],
    pub(crate) progress: &'a dyn Progress,
    /// Where answers are kept, and taken from where they are there already.
    pub(crate) folder: Option<&'a Folder>,
}

impl std::fmt::Debug for Survey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Survey").field("regions", &self.regions).finish_non_exhaustive()
    }
}

/// What was said to one call: its pages, and the refusal that ended them.
struct Said {
    answers: Vec<Answer>,
    refused: Option<Refusal>,
}

impl Survey<'_> {
    /// Identities with their policies, and policies that the details do not hold.
    pub(crate) async fn identities(&self, answers: &mut Answers) {
        let Some(iam) = service("iam") else { return };
        for call in iam.calls.iter().filter(|call| call.about.is_none() && call.each.is_empty()) {
            self.one(iam, call, GLOBAL, vec![Parameters::new()], answers).await;
        }
        let missing = answers.pages.missing();
        self.about(About::Policy, &BTreeMap::from([(GLOBAL.to_owned(), missing)]), answers).await;
    }

    /// Everything that lists name, service by service in each region. `trusted` are the services of AWS that some role
    /// of the account trusts; none where that is not known.
    pub(crate) async fn services(&self, trusted: Option<&BTreeSet<String>>, answers: &mut Answers) {
        let regional: Vec<&Service> = SERVICES.iter().filter(|service| !service.global).collect();
        self.progress.found((self.regions.len() * regional.len()) as u64);
        let mut work = Vec::new();
        for region in self.regions {
            work.push(self.region(region, &regional, trusted).boxed());
        }
        let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
        while let Some(found) = work.next().await {
            answers.absorb(found);
        }
    }

    async fn region(
        &self,
        region: &str,
        services: &[&Service],
        trusted: Option<&BTreeSet<String>>,
    ) -> Answers {
        let mut answers = Answers::default();
        let mut open = true;
        for service in services {
            if open {
                open = self.service(service, region, trusted, &mut answers).await;
            }
            self.progress.done(1);
        }
        answers
    }

    /// Asks every call of a service that lists lead to. Whether the region answers at all.
    async fn service(
        &self,
        service: &Service,
        region: &str,
        trusted: Option<&BTreeSet<String>>,
        answers: &mut Answers,
    ) -> bool {
        for call in service.calls.iter().filter(|call| call.about.is_none()) {
            let passes =
                |trusted: &BTreeSet<String>| call.gate.iter().any(|principal| trusted.contains(principal));
            if !call.gate.is_empty() && !trusted.is_none_or(passes) {
                continue;
            }
            let asked = parameters(service, call, region, answers);
            match self.one(service, call, region, asked, answers).await {
                // Nothing of the region answers, or nothing of the service.
                Some(Refusal::NotEnabled) => return false,
                Some(refusal) if refusal.ends_all() => return false,
                Some(Refusal::NotOffered | Refusal::NoSuchHost)
                    if call.each.iter().all(|each| each.of.is_none()) =>
                {
                    break;
                }
                _ => {}
            }
        }
        true
    }

    /// Asks about what turned out to matter, and then what the answers lead to. `things` are by region.
    pub(crate) async fn about(
        &self,
        about: About,
        things: &BTreeMap<String, BTreeSet<String>>,
        answers: &mut Answers,
    ) {
        for service in SERVICES.iter() {
            for (region, things) in things {
                let first =
                    |thing: &String| Parameters::from([(about.parameter().to_owned(), thing.clone())]);
                for call in service.calls.iter().filter(|call| call.about == Some(about)) {
                    let asked: Vec<Parameters> = things.iter().map(first).collect();
                    self.one(service, call, region, asked, answers).await;
                    let leads = |next: &&Call| {
                        next.each.iter().any(|each| each.of.as_deref() == Some(&call.operation))
                    };
                    for next in service.calls.iter().filter(leads) {
                        let asked = parameters(service, next, region, answers);
                        self.one(service, next, region, asked, answers).await;
                    }
                }
            }
        }
    }

    /// Asks one call for several sets of parameters. The refusal is the last one, if there is any.
    pub(crate) async fn one(
        &self,
        service: &Service,
        call: &Call,
        region: &str,
        asked: Vec<Parameters>,
        answers: &mut Answers,
    ) -> Option<Refusal> {
        let mut last = None;
        let work: Vec<_> =
            asked.into_iter().map(|asked| self.pages(service, call, region, asked).boxed()).collect();
        let mut work = stream::iter(work).buffered(AT_ONCE);
        while let Some(Said { answers: pages, refused }) = work.next().await {
            for page in pages {
                answers.put(service, call, page);
            }
            let Some(refusal) = refused else { continue };
            let (what, why, detail) = told(service, call, &refusal);
            answers.gaps.put(&what, why, &detail, region);
            last = Some(refusal);
        }
        last
    }

    async fn pages(&self, service: &Service, call: &Call, region: &str, asked: Parameters) -> Said {
        let question = Question { service, call, region, parameters: &asked };
        let mut answers = Vec::new();
        let place = if service.global { self.client.home() } else { region.to_owned() };
        let mut token = None;
        for number in 1..=MAX_PAGES {
            let saved = self.folder.and_then(|folder| folder.page(question, number));
            let (page, next) = match saved {
                Some(saved) => saved,
                None => match self.settled(Question { region: &place, ..question }, token.as_deref()).await {
                    Ok(answered) => {
                        let page = call.pruned(answered.answer);
                        if let Some(folder) = self.folder {
                            folder.keep(question, number, &page, answered.next.as_deref());
                        }
                        (page, answered.next)
                    }
                    Err(refusal) => return cut_off(answers, refusal),
                },
            };
            answers.push(Answer { region: region.to_owned(), asked: asked.clone(), page, cut: false });
            if next.is_none() || next == token {
                return match next {
                    None => Said { answers, refused: None },
                    Some(_) => {
                        cut_off(answers, Refusal::Unreadable("a page is followed by itself".to_owned()))
                    }
                };
            }
            token = next;
        }
        cut_off(answers, Refusal::TooLarge)
    }
}

/// Pages that a refusal ended.
fn cut_off(mut answers: Vec<Answer>, refusal: Refusal) -> Said {
    if let Some(last) = answers.last_mut() {
        last.cut = true;
    }
    Said { answers, refused: Some(refusal) }
}

/// How long a job may take, and how often it is asked about.
const JOB: (Duration, usize) = (Duration::from_secs(1), 30);

impl Survey<'_> {
    /// A page; that of a job, when it is done.
    async fn settled(&self, question: Question<'_>, token: Option<&str>) -> Result<Page, Refusal> {
        for _ in 0..JOB.1 {
            let page = self.client.ask(question, token).await?;
            match page.answer.get("JobStatus").and_then(serde_json::Value::as_str) {
                Some("IN_PROGRESS") => tokio::time::sleep(JOB.0).await,
                Some("FAILED") => return Err(Refusal::Failed("AWS could not finish the job".to_owned())),
                _ => return Ok(page),
            }
        }
        Err(Refusal::Failed("the job did not end in time".to_owned()))
    }
}

/// The sets of parameters of a call, from what was answered in this region; one empty set for a call that takes none.
pub(crate) fn parameters(service: &Service, call: &Call, region: &str, answers: &Answers) -> Vec<Parameters> {
    if call.each.is_empty() {
        return vec![Parameters::new()];
    }
    let mut all = BTreeSet::new();
    for each in &call.each {
        match &each.of {
            None => all.extend(each.parameters(call, &Parameters::new(), &serde_json::Value::Null)),
            Some(of) => {
                let pages = answers.of(&service.name, of).filter(|answer| answer.region == region);
                all.extend(pages.flat_map(|answer| each.parameters(call, &answer.asked, &answer.page)));
            }
        }
    }
    all.into_iter().collect()
}

/// The service of this name.
pub(crate) fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

/// A refusal, to a person: what was asked, and what stays hidden.
pub(crate) fn told(service: &Service, call: &Call, refusal: &Refusal) -> (String, GapReason, String) {
    let hides = service.hides(call);
    match refusal {
        Refusal::NotEnabled => ("the region".to_owned(), GapReason::Denied, refusal.to_string()),
        Refusal::Expired(_) | Refusal::NoCredentials(_) | Refusal::Budget(_) => {
            ("what was not asked".to_owned(), refusal.reason(), refusal.to_string())
        }
        Refusal::Denied => {
            let permission = service.permission(call).unwrap_or_default();
            (
                format!("{} {}", service.name, call.file()),
                GapReason::Denied,
                format!("{permission} is not allowed; it hides {hides}"),
            )
        }
        // A name that is not there: what a region does not have hides nothing.
        Refusal::NoSuchHost => (service.name.clone(), GapReason::Ignored, refusal.to_string()),
        _ => {
            let file = call.file();
            (format!("{} {file}", service.name), refusal.reason(), format!("{refusal}; it hides {hides}"))
        }
    }
}
