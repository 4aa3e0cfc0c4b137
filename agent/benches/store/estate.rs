//! An organisation that is made up: each system follows from its number and from how often it was changed, the same on every machine.

use asmm_model::autonomy::{Basis, Open};
use asmm_model::{
    Answer, Component, ComponentKind, Coverage, Criteria, Criterion, Deployment, DeploymentKind, Effect,
    Evidence, EvidenceClass, Gap, GapReason, Gate, Hitl, Identity, IdentityKind, Level, Model, Place,
    Privilege, Role, Supports, System, SystemId, SystemKind, Tool, Trigger, TriggerKind, Verdict,
};

use crate::store::Seen;

/// Pieces of evidence of a system: three for each criterion, and one for everything that it is made of.
pub(crate) const EVIDENCE: usize = 50;

const WORDS: [&str; 8] =
    ["refund", "invoice", "support", "catalogue", "payroll", "onboarding", "claims", "search"];
const DOERS: [&str; 8] =
    ["agent", "assistant", "summary", "router", "classifier", "copilot", "worker", "reviewer"];
const FOLDERS: [&str; 6] = ["handlers", "workflows", "integrations", "orchestration", "retrieval", "actions"];
const RULES: [&str; 7] = [
    "gives-tools-to-model-call",
    "calls-bedrock-runtime",
    "uses-langgraph",
    "chains-tool-calls-in-a-loop",
    "acts-under-a-credential-of-its-own",
    "reads-content-from-outside",
    "is-started-by-a-schedule",
];
const NOTES: [&str; 5] = [
    "gives the model a tool that changes state outside of the conversation",
    "returns what a tool answered to the model, which chooses the next step again",
    "runs a state-changing tool without asking a person before it does",
    "acts under a credential that belongs to no person and is read from the environment",
    "lets text that strangers wrote reach the model together with its instructions",
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("it is below the bound")
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }
}

/// The nights that are scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estate {
    /// How many systems there are.
    pub(crate) systems: usize,
    /// How many of them are in one target.
    pub(crate) each: usize,
}

/// Systems that the last night changes, however many there are.
pub(crate) const CHANGED: usize = 200;
/// Nights in which one system of a hundred changes, before the last one.
pub(crate) const NIGHTS: usize = 3;

impl Estate {
    pub(crate) fn targets(self) -> usize {
        self.systems.div_ceil(self.each)
    }

    /// How often a system was changed until a night; the first load is night 0. Changes are spread over all targets.
    fn changes(self, system: usize, night: usize) -> usize {
        let of_hundred = (1..=night.min(NIGHTS)).filter(|night| system % 100 == *night).count();
        let apart = (self.systems / CHANGED).max(1);
        of_hundred + usize::from(night > NIGHTS && system % apart == apart - 1)
    }

    /// What a scan sees of a target in a night.
    #[expect(clippy::default_trait_access, reason = "the store does not name the type to others")]
    pub(crate) fn seen(self, target: usize, night: usize) -> Seen {
        let place = format!("github.example/organisation/{}-{target}", WORDS[target % WORDS.len()]);
        let numbers = target * self.each..self.systems.min((target + 1) * self.each);
        let mut random = Random(target as u64);
        let guidance = Component::named(
            ComponentKind::CodingAgentConfig,
            "claude-code",
            Role::Production,
            vec![evidence(&mut random, "settings")],
        );
        let mut seen = Seen {
            key: place.clone(),
            place: place.clone(),
            commit: Some(format!("{:040x}", night * 100_000 + target)),
            coverage: Coverage {
                target: place,
                seen: 4_000,
                skipped: vec![Gap::new("node_modules", GapReason::Ignored).times(311)],
                kinds: Vec::new(),
            },
            systems: numbers.map(|number| system(number, self.changes(number, night))).collect(),
            loose: Default::default(),
        };
        seen.loose.components.push(guidance);
        seen
    }
}

/// The name of a system, which no other has.
pub(crate) fn name(number: usize) -> String {
    // The word of a name says nothing about the verdict, which every second number has.
    let (word, doer) = (WORDS[number / 2 % WORDS.len()], DOERS[number / 16 % DOERS.len()]);
    format!("{word}-{doer}-{number:05}")
}

/// One piece of evidence, of a file and with a note as long as real ones.
fn evidence(random: &mut Random, stem: &str) -> Evidence {
    let (folder, word) = (random.one(&FOLDERS), random.one(&WORDS));
    let path = format!("services/{word}/src/main/{folder}/{stem}_{word}_{}.py", random.below(10_000));
    let note = format!("{}: `{word}_{}`", random.one(&NOTES), random.below(1_000_000));
    let line = u32::try_from(1 + random.below(900)).unwrap_or(1);
    let weight = [0.9, 0.85, 0.8, 0.6][random.below(4)];
    Evidence::at(Place::line(path, line), Role::Production)
        .by(random.one(&RULES))
        .of(EvidenceClass::Ast)
        .weighing(Supports::Yes, weight)
        .noting(note)
}

fn tool(random: &mut Random, name: String, effect: Effect) -> Tool {
    Tool { name, effect, gate: Gate::None, evidence: vec![evidence(random, "tools")] }
}

fn system(number: usize, changes: usize) -> System {
    let mut random = Random(1_000_000 + number as u64);
    let name = name(number);
    let root = format!("services/{}/{name}", DOERS[number % DOERS.len()]);
    let verdict = if number.is_multiple_of(2) { Verdict::Agentic } else { Verdict::NotAgentic };
    let criteria = Criteria::from_fn(|criterion| {
        let evidence: Vec<Evidence> = (0..3).map(|_| evidence(&mut random, "agent")).collect();
        if criterion == Criterion::C7 {
            Answer::Unknown(Open { conflicting: false, evidence, more: 0, missing: Vec::new() })
        } else {
            Answer::Yes(Basis { confidence: 0.9, conflicting: false, evidence, more: 0 })
        }
    });
    let kinds = [ComponentKind::AgentFramework, ComponentKind::ProviderSdk, ComponentKind::VectorDb];
    let components = (0..6).map(|n| {
        let evidence = vec![evidence(&mut random, "requirements")];
        let name = format!("{}-{n}", random.one(&WORDS));
        Component {
            version: Some(format!("{n}.{}.0", random.below(40))),
            ..Component::named(kinds[n % kinds.len()], name, Role::Production, evidence)
        }
    });
    let components: Vec<Component> = components.collect();
    let effects = [Effect::Read, Effect::Write, Effect::Send, Effect::Pay];
    let mut tools: Vec<Tool> = (0..8)
        .map(|n| {
            let name = format!("{}_{n}", random.one(&WORDS));
            tool(&mut random, name, effects[n % effects.len()])
        })
        .collect();
    let models = (0..2).map(|n| Model {
        name: format!("model-{n}-20260101"),
        provider: Some("anthropic".to_owned()),
        pinned: true,
        evidence: vec![evidence(&mut random, "models")],
    });
    let models: Vec<Model> = models.collect();
    let identities = (0..2).map(|n| Identity {
        privilege: Some(Privilege::Write),
        ..Identity::named(
            IdentityKind::CloudRole,
            format!("arn:aws:iam::111111111111:role/{name}-{n}"),
            vec![evidence(&mut random, "settings")],
        )
    });
    let identities: Vec<Identity> = identities.collect();
    let triggers = (0..2).map(|n| Trigger {
        kind: TriggerKind::Schedule,
        value: format!("{n} 2 * * *"),
        place: Place::line(format!(".github/workflows/nightly_{n}.yml"), 4),
        runs: Some(format!("{root}/agent.py")),
        evidence: vec![evidence(&mut random, "nightly")],
    });
    let triggers: Vec<Trigger> = triggers.collect();
    // One system gains a tool by a change, and another one a verdict that has to be looked at.
    let is_changed = changes % 2 == 1;
    let gains = (number / 100).is_multiple_of(2);
    let turns = is_changed && !gains;
    if is_changed && gains {
        tools.push(tool(&mut random, "pay_out".to_owned(), Effect::Pay));
    }
    System {
        id: SystemId::derive(SystemKind::Agent, &root, &name),
        kind: SystemKind::Agent,
        target: None,
        root,
        role: Role::Production,
        purpose: None,
        claims: Vec::new(),
        owners: Vec::new(),
        verdict: if turns { Verdict::Undetermined } else { verdict },
        level: [Level(3), Level(4)],
        confidence: (!turns).then_some(0.85),
        hitl: Hitl::None,
        priority: u32::try_from(random.below(1_000)).unwrap_or(0),
        settles: Vec::new(),
        criteria,
        components,
        identities,
        tools,
        models,
        triggers,
        controls: Vec::new(),
        locations: vec![Deployment::seen(DeploymentKind::Repo, name.clone())],
        name,
        keys: Vec::new(),
        joins: Vec::new(),
        incomplete: Vec::new(),
        remembered: None,
    }
}
