//! The collector for accounts of AWS: each account is one unit, under the credentials of this machine or under a role
//! that is assumed in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use asmm_model::{Coverage, Gap, GapReason};
use async_trait::async_trait;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use muster_collect::{
    CollectError, Collector, Context, Descriptor, Diagnosis, Options, Sink, Source, SourceOption, Target,
    Unit,
};

use serde_json::{Value, json};

use crate::answers::Answers;
use crate::calls::{About, Parameters, Question};
use crate::client::{Client, Refusal};
use crate::collector::gaps;
use crate::estate::{Estate, text};
use crate::fields::at;
use crate::folder::Folder;
use crate::observe::{observe, workloads};
use crate::organisation::Organisation;
use crate::rights::Standing;
use crate::survey::{GLOBAL, Survey, service};

const REGIONS: &str = "aws-regions";
const ROLE: &str = "aws-organization-role";
const EXTERNAL_ID: &str = "aws-external-id";
const SESSION: &str = "aws-session-name";
const ACCOUNTS: &str = "aws-accounts";
const EXCLUDED: &str = "aws-exclude-accounts";
const CONCURRENCY: &str = "aws-concurrency";
const MAX_CALLS: &str = "aws-max-calls";
const SAVE: &str = "aws-save";

/// Requests to one account, where nothing else is said: a large account takes about 600.
const CALLS: u64 = 5_000;
/// Accounts at once, where nothing else is said.
const AT_ONCE: usize = 4;
/// Identities whose use is asked about; the likeliest first.
const MAX_ASKED: usize = 40;
/// Units of an organisation above each other.
const MAX_LEVELS: usize = 8;

/// Asks AWS.
#[derive(Debug, Default)]
pub struct AwsCollector {
    /// By target: what its accounts share. The plan makes it anew.
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
}

impl AwsCollector {
    /// A collector that has asked nothing yet.
    pub const fn new() -> Self {
        Self { sessions: Mutex::new(BTreeMap::new()) }
    }
}

/// What the accounts of one target share.
#[derive(Debug)]
pub(crate) struct Session {
    config: Arc<SdkConfig>,
    /// The account whose credentials these are.
    pub(crate) account: String,
    /// Who asks.
    pub(crate) caller: String,
    organisation: Organisation,
    /// What is not known of the organisation.
    gaps: Vec<Gap>,
    /// The same, as it is kept in a folder of answers.
    refused: Vec<Value>,
}

const DESCRIPTOR: Descriptor = Descriptor {
    id: "aws",
    title: "Accounts of AWS",
    source: Source::Aws,
    permissions: &["call what `muster doctor aws` lists"],
    options: &[
        SourceOption {
            name: REGIONS,
            value: "REGION,…",
            help: "Look in these regions only; by default in all that are switched on",
            many: true,
            check: is_name,
        },
        SourceOption {
            name: ROLE,
            value: "NAME",
            help: "Scan every account of the organisation, under the role of this name in each",
            many: false,
            check: is_name,
        },
        SourceOption {
            name: EXTERNAL_ID,
            value: "ID",
            help: "The external id that the role asks for",
            many: false,
            check: is_name,
        },
        SourceOption {
            name: SESSION,
            value: "NAME",
            help: "What sessions under the role are called; `muster` by default",
            many: false,
            check: is_name,
        },
        SourceOption {
            name: ACCOUNTS,
            value: "ACCOUNT,…",
            help: "Scan these accounts of the organisation only",
            many: true,
            check: is_account,
        },
        SourceOption {
            name: EXCLUDED,
            value: "ACCOUNT,…",
            help: "Leave these accounts of the organisation out",
            many: true,
            check: is_account,
        },
        SourceOption {
            name: CONCURRENCY,
            value: "N",
            help: "Scan N accounts at once; 4 by default",
            many: false,
            check: is_count,
        },
        SourceOption {
            name: MAX_CALLS,
            value: "N",
            help: "Send at most N requests to each account; 5000 by default",
            many: false,
            check: is_count,
        },
        SourceOption {
            name: SAVE,
            value: "DIR",
            help: "Keep the answers in a folder that aws-export: reads; what is there already is not asked again",
            many: false,
            check: is_folder,
        },
    ],
};

fn is_folder(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("a folder is needed".to_owned()) } else { Ok(()) }
}

fn is_name(given: &str) -> Result<(), String> {
    let is = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-:/".contains(c);
    if !given.is_empty() && given.chars().all(is) {
        Ok(())
    } else {
        Err("letters, digits and `+=,.@_-:/` are allowed".to_owned())
    }
}

fn is_account(given: &str) -> Result<(), String> {
    let is = given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit());
    if is { Ok(()) } else { Err("an account is a number of twelve digits".to_owned()) }
}

fn is_count(given: &str) -> Result<(), String> {
    match given.parse::<u64>() {
        Ok(count) if count > 0 => Ok(()),
        _ => Err("a number above zero is needed".to_owned()),
    }
}

#[async_trait]
impl Collector for AwsCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        let planned = async move {
            match self.planned(target, cx).await {
                Ok(units) => stream::iter(units.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            }
        };
        stream::once(planned).flatten().boxed()
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        let session = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(&unit.target).cloned();
        let session = match session {
            Some(session) => session,
            None => Arc::new(session_of(&unit.target, cx).await?),
        };
        collect(&session, unit, cx, out).await
    }

    fn at_once(&self, cx: &Context) -> usize {
        cx.options.one(CONCURRENCY).and_then(|count| count.parse().ok()).unwrap_or(AT_ONCE)
    }

    async fn check(&self, target: &Target, cx: &Context) -> Result<Diagnosis, CollectError> {
        crate::doctor::check(&target.given, cx).await
    }

    fn policy(&self) -> Option<String> {
        Some(crate::doctor::policy())
    }

    fn requests(&self) -> Option<String> {
        Some(crate::doctor::requests())
    }
}

impl AwsCollector {
    async fn planned(&self, target: &Target, cx: &Context) -> Result<Vec<Unit>, CollectError> {
        let mut session = session_of(&target.given, cx).await?;
        let client = session.client(&session.account, cx).await?;
        session.ask_organisation(&client, cx).await;
        let accounts = accounts(&session, &cx.options)?;
        let unit = |account: String| Unit { target: target.given.clone(), part: account, commit: None };
        let units = accounts.into_iter().map(unit).collect();
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(target.given.clone(), Arc::new(session));
        Ok(units)
    }
}

/// Signs in, and finds out who asks.
pub(crate) async fn session_of(target: &str, cx: &Context) -> Result<Session, CollectError> {
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    let profile = target.strip_prefix("aws:").unwrap_or_default();
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if !profile.is_empty() {
        loader = loader.profile_name(profile);
    }
    let config = Arc::new(loader.load().await);
    let mut session = Session {
        config,
        account: String::new(),
        caller: String::new(),
        organisation: Organisation::default(),
        gaps: Vec::new(),
        refused: Vec::new(),
    };
    let client = session.client("", cx).await?;
    let (Some(sts), Some(call)) =
        (service("sts"), service("sts").and_then(|sts| sts.call("GetCallerIdentity")))
    else {
        return Err(CollectError::Failed("the table of requests is not whole".to_owned()));
    };
    let asked = client
        .ask(Question { service: sts, call, region: &client.home(), parameters: &Parameters::new() }, None)
        .await;
    let answer = asked.map_err(|refusal| {
        CollectError::Unusable(format!(
            "{target} cannot be asked: {refusal}. Sign in with `aws sso login`, name a profile that is configured, as in \
             aws:PROFILE, or scan answers that somebody saved, as aws-export:PATH"
        ))
    })?;
    text(&answer.answer, "Account").unwrap_or_default().clone_into(&mut session.account);
    text(&answer.answer, "Arn").unwrap_or_default().clone_into(&mut session.caller);
    Ok(session)
}

/// The accounts to scan: that of the credentials, or those of the organisation.
fn accounts(session: &Session, options: &Options) -> Result<Vec<String>, CollectError> {
    let (wanted, excluded) = (options.all(ACCOUNTS), options.all(EXCLUDED));
    let is_wanted =
        |account: &String| (wanted.is_empty() || wanted.contains(account)) && !excluded.contains(account);
    let all: Vec<String> = if options.one(ROLE).is_none() {
        vec![session.account.clone()]
    } else if session.organisation.accounts.is_empty() {
        // Accounts that are named need no list.
        wanted.to_vec()
    } else {
        let active = session.organisation.accounts.iter().filter(|(_, (_, active))| *active);
        active.map(|(account, _)| account.clone()).collect()
    };
    if all.is_empty() {
        return Err(CollectError::Unusable(format!(
            "the accounts of the organisation cannot be listed from {}: scan from its management account or from a \
             delegated administrator, or name them with --{ACCOUNTS}",
            session.account
        )));
    }
    let chosen: Vec<String> = all.into_iter().filter(is_wanted).collect();
    if chosen.is_empty() {
        return Err(CollectError::Unusable(format!("no account is left by --{ACCOUNTS} and --{EXCLUDED}")));
    }
    Ok(chosen)
}

impl Session {
    /// A client for one account: under the credentials of this machine where they are of that account, and under the role
    /// of the organisation otherwise.
    pub(crate) async fn client(&self, account: &str, cx: &Context) -> Result<Client, CollectError> {
        let base = self
            .config
            .credentials_provider()
            .ok_or_else(|| CollectError::Unusable("no credentials".to_owned()))?;
        let most = cx.options.one(MAX_CALLS).and_then(|most| most.parse().ok()).unwrap_or(CALLS);
        let provider = match cx.options.one(ROLE) {
            Some(role) if account != self.account => self.assumed(account, role, &cx.options, base).await,
            _ => base,
        };
        Client::new(Arc::clone(&self.config), provider, most, cx.stop.clone()).map_err(CollectError::Failed)
    }

    async fn assumed(
        &self,
        account: &str,
        role: &str,
        options: &Options,
        base: SharedCredentialsProvider,
    ) -> SharedCredentialsProvider {
        let partition = self.caller.split(':').nth(1).unwrap_or("aws");
        let arn = format!("arn:{partition}:iam::{account}:role/{role}");
        let mut assume = AssumeRoleProvider::builder(arn)
            .configure(&self.config)
            .region(region_of(&self.config))
            .session_name(options.one(SESSION).unwrap_or("muster"));
        if let Some(id) = options.one(EXTERNAL_ID) {
            assume = assume.external_id(id);
        }
        SharedCredentialsProvider::new(assume.build_from_provider(base).await)
    }

    /// Asks what the organisation forbids, and which accounts it has.
    async fn ask_organisation(&mut self, client: &Client, cx: &Context) {
        let Some(organizations) = service("organizations") else { return };
        let folder = cx.options.one(SAVE).map(|all| Folder::of(Path::new(all), &self.account));
        let survey = Survey { client, regions: &[], progress: cx.progress.as_ref(), folder: folder.as_ref() };
        let mut answers = Answers::default();
        for call in organizations.calls.iter().filter(|call| call.about.is_none()) {
            let asked = crate::survey::parameters(organizations, call, GLOBAL, &answers);
            let refused = survey.one(organizations, call, GLOBAL, asked, &mut answers).await;
            if refused == Some(Refusal::NoOrganisation) {
                self.organisation.none = true;
                self.refused = vec![no_organisation(&self.account)];
                return;
            }
            // Whoever may not see the organisation may not see its parts.
            if refused.is_some() && call.operation == "DescribeOrganization" {
                break;
            }
        }
        let mut accounts: BTreeSet<String> = at_all(&answers, "ListAccounts", "Accounts.Id");
        accounts.insert(self.account.clone());
        let mut next = accounts;
        for _ in 0..MAX_LEVELS {
            if next.is_empty() || answers.gaps.is_any() {
                break;
            }
            survey.about(About::Account, &BTreeMap::from([(GLOBAL.to_owned(), next)]), &mut answers).await;
            self.take(&answers);
            next = self.organisation.tops();
        }
        self.take(&answers);
        self.gaps = answers.gaps.gaps("");
        self.refused = answers.gaps.entries(&self.account);
    }

    fn take(&mut self, answers: &Answers) {
        for call in service("organizations").into_iter().flat_map(|service| &service.calls) {
            for answer in answers.of("organizations", &call.operation) {
                self.organisation.add(&call.operation, &answer.asked, &answer.page);
            }
        }
    }
}

/// The region of a configuration; tokens of any region are good in all that are switched on.
fn region_of(config: &SdkConfig) -> Region {
    config.region().cloned().unwrap_or_else(|| Region::from_static("us-east-1"))
}

/// What a folder of answers holds where there is no organisation, in the words of the command line of AWS.
fn no_organisation(account: &str) -> Value {
    json!({
        "account": account,
        "region": GLOBAL,
        "service": "organizations",
        "operation": "describe-organization",
        "error": "An error occurred (AWSOrganizationsNotInUseException) when calling the DescribeOrganization operation",
    })
}

fn at_all(answers: &Answers, operation: &str, path: &str) -> BTreeSet<String> {
    let of = answers.of("organizations", operation).flat_map(|answer| at(&answer.page, path));
    of.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

async fn collect(
    session: &Session,
    unit: &Unit,
    cx: &Context,
    out: &mut Sink<'_>,
) -> Result<Coverage, CollectError> {
    let account = &unit.part;
    let client = session.client(account, cx).await?;
    let folder = cx.options.one(SAVE).map(|all| Folder::of(Path::new(all), account));
    let mut answers = Answers::default();
    let alone =
        Survey { client: &client, regions: &[], progress: cx.progress.as_ref(), folder: folder.as_ref() };
    let regions = regions(&alone, cx, &mut answers).await;
    let survey = Survey { regions: &regions, ..alone };
    survey.identities(&mut answers).await;
    let trusted = answers.pages.trusted();
    survey.services(trusted.as_ref(), &mut answers).await;
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    if answers.is_empty() {
        let why = answers.gaps.gaps("").into_iter().find_map(|gap| gap.detail);
        return Err(CollectError::Failed(why.unwrap_or_else(|| "AWS answered nothing".to_owned())));
    }

    let bounds = session.organisation.bounds_of(account);
    let (is_bounded, number) = (bounds.is_some(), account.clone());
    // Evaluating thousands of identities is work for the CPU: it must not hold up the runtime.
    let evaluated = tokio::task::spawn_blocking(move || {
        let regions = answers.enabled();
        Estate::of(&number, answers, &bounds.unwrap_or_default(), &regions)
    });
    let mut estate =
        evaluated.await.map_err(|_| CollectError::Failed("the evaluation ended unexpectedly".to_owned()))?;
    follow(&survey, &mut estate, cx).await;
    estate.connect();
    if let Some(folder) = &folder {
        let mut entries = estate.answers.gaps.entries(account);
        entries.extend(session.refused.iter().filter(|_| *account == session.account).cloned());
        folder.refused(&entries);
    }

    let mut coverage = Coverage {
        target: unit.target.clone(),
        seen: estate.account.identities.len() as u64,
        skipped: Vec::new(),
        kinds: Vec::new(),
    };
    coverage.skipped.extend(gaps(account, &estate, is_bounded));
    coverage.skipped.extend(session.gaps.iter().cloned());
    if let Some(why) = folder.as_ref().and_then(Folder::broken) {
        coverage.skipped.push(Gap::new(format!("the folder of --{SAVE}"), GapReason::Failed).because(why));
    }
    coverage.skipped.sort();
    coverage.skipped.dedup();
    for observation in observe(&cx.rules, &unit.target, &estate) {
        out.put(observation);
    }
    let (sent, most) = (client.sent(), client.most());
    cx.progress
        .note(&format!("{account}: {sent} of at most {most} requests sent, regions: {}", regions.len()));
    Ok(coverage)
}

/// The regions to look in. Where they cannot be listed, that of the credentials alone is, and the rest is a gap.
pub(crate) async fn regions(survey: &Survey<'_>, cx: &Context, answers: &mut Answers) -> Vec<String> {
    if let Some((ec2, call)) = service("ec2").and_then(|ec2| Some((ec2, ec2.call("DescribeRegions")?))) {
        survey.one(ec2, call, GLOBAL, vec![Parameters::new()], answers).await;
    }
    let (chosen, enabled) = (cx.options.all(REGIONS), answers.enabled());
    let mut regions = if chosen.is_empty() { enabled.clone() } else { chosen.to_vec() };
    // A name that is misspelt must not look like a region without anything in it.
    let is_off = |region: &String| !enabled.is_empty() && !enabled.contains(region);
    for region in regions.extract_if(.., |region| is_off(region)) {
        let detail = "there is no such region, or it is not switched on for the account";
        answers.gaps.put("the region", GapReason::Denied, detail, &region);
    }
    if regions.is_empty() && chosen.is_empty() {
        regions.push(survey.client.home());
    }
    regions.sort();
    regions.dedup();
    regions
}

/// Asks about the identities and workloads that turned out to matter.
async fn follow(survey: &Survey<'_>, estate: &mut Estate, cx: &Context) {
    let mut ranked: Vec<(Standing, &str)> = estate
        .account
        .identities
        .iter()
        .filter(|identity| !identity.is_service_linked())
        .filter_map(|identity| Some((estate.standing(&identity.arn)?, identity.arn.as_str())))
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let global = |things: BTreeSet<String>| BTreeMap::from([(GLOBAL.to_owned(), things)]);
    let asked: BTreeSet<String> = ranked.iter().take(MAX_ASKED).map(|(_, arn)| (*arn).to_owned()).collect();
    let users: BTreeSet<String> = ranked
        .iter()
        .take(MAX_ASKED)
        .filter(|(_, arn)| arn.contains(":user/"))
        .map(|(_, arn)| arn.rsplit('/').next().unwrap_or(arn).to_owned())
        .collect();
    let mut functions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for workload in workloads(&estate.answers).iter().filter(|workload| workload.is_system(estate, &cx.rules))
    {
        let of = |by: &mut BTreeMap<String, BTreeSet<String>>| {
            by.entry(workload.region.to_owned()).or_default().insert(workload.arn.to_owned());
        };
        match workload.service {
            "lambda" => {
                of(&mut functions);
                of(&mut targets);
            }
            "stepfunctions" => of(&mut targets),
            _ => {}
        }
    }
    let answers = &mut estate.answers;
    survey.about(About::User, &global(users), answers).await;
    survey.about(About::Identity, &global(asked), answers).await;
    survey.about(About::Function, &functions, answers).await;
    // A rule may start a function by an alias of it.
    for answer in answers.of("lambda", "ListAliases") {
        let aliases = at(&answer.page, "Aliases").into_iter().filter_map(|alias| text(alias, "AliasArn"));
        targets.entry(answer.region.clone()).or_default().extend(aliases.map(str::to_owned));
    }
    survey.about(About::Workload, &targets, answers).await;
}
