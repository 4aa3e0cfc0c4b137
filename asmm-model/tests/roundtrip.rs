//! What a scan prints can be read back without loss.

use asmm_model::autonomy::{Basis, Missing, Open};
use asmm_model::{
    Access, Answer, Claim, Claimed, Component, ComponentKind, Control, ControlKind, Coverage, CoveredKind,
    Criteria, Criterion, Declared, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fingerprint,
    Gap, GapReason, Gate, Hitl, Identity, IdentityKind, Incomplete, Inventory, Join, JoinStrength, Key,
    Level, Lifecycle, Mark, MarkKind, MatchedBy, Model, Owner, OwnerSource, Place, Presence, Privilege,
    Proposal, Purpose, PurposeSource, Question, Reason, Recognised, Records, Register, Remembered, Role,
    SCHEMA, Scan, ScanTarget, Seen, Sighted, Supports, System, SystemId, SystemKind, Tool, Trigger,
    TriggerKind, Unseen, Verdict, WhyUnseen,
};
use proptest::prelude::*;
use proptest::{collection::vec, option::of, sample::select};

/// Names in an inventory come from whatever was scanned.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z./\"\\\\-]{0,6}", 1 => any::<String>().prop_map(|s| s.chars().take(6).collect())]
}

/// Weights are written with three decimals at most.
fn share() -> impl Strategy<Value = f64> {
    (0..=1000_u32).prop_map(|thousandths| f64::from(thousandths) / 1000.0)
}

fn role() -> impl Strategy<Value = Role> {
    select(
        &[
            Role::Production,
            Role::Framework,
            Role::Sample,
            Role::Test,
            Role::Docs,
            Role::Vendored,
            Role::Generated,
        ][..],
    )
}

fn place() -> impl Strategy<Value = Place> {
    (of(text()), of(text()), of(any::<u32>()), of(text())).prop_map(|(target, path, line, locator)| Place {
        target,
        path,
        line,
        locator,
    })
}

fn evidence() -> impl Strategy<Value = Vec<Evidence>> {
    use EvidenceClass::{Ast, Ci, Claim, Cloud, Config, Coverage, Env, Image, Manifest, Policy, Rbac};
    let class = select(&[Ast, Config, Manifest, Image, Env, Policy, Rbac, Cloud, Ci, Coverage, Claim][..]);
    let supports = select(&[Supports::Yes, Supports::No][..]);
    let piece = (of(text()), of(supports), place(), of(class), of(share()), role(), of(text())).prop_map(
        |(rule, supports, place, class, weight, role, note)| Evidence {
            rule,
            supports,
            place,
            class,
            weight,
            role,
            note,
        },
    );
    vec(piece, 0..2)
}

fn missing() -> impl Strategy<Value = Vec<Missing>> {
    vec((select(&Criterion::ALL[..]), text()).prop_map(|(criterion, what)| Missing { criterion, what }), 0..3)
}

fn answer() -> impl Strategy<Value = Answer> {
    let basis = || {
        (share(), any::<bool>(), evidence(), any::<u64>()).prop_map(
            |(confidence, conflicting, evidence, more)| Basis { confidence, conflicting, evidence, more },
        )
    };
    let open = (any::<bool>(), evidence(), any::<u64>(), missing())
        .prop_map(|(conflicting, evidence, more, missing)| Open { conflicting, evidence, more, missing });
    prop_oneof![basis().prop_map(Answer::Yes), basis().prop_map(Answer::No), open.prop_map(Answer::Unknown)]
}

fn component() -> impl Strategy<Value = Component> {
    use ComponentKind::{
        AgentFramework, ApiKeyEnv, CodingAgentConfig, Dataset, Guardrail, Iac, LowCode, Mcp, Model,
        ModelFile, Observability, Prompt, ProviderSdk, Serving, VectorDb,
    };
    let kind = select(
        &[
            ProviderSdk,
            AgentFramework,
            Mcp,
            VectorDb,
            Model,
            Prompt,
            CodingAgentConfig,
            ModelFile,
            Observability,
            Iac,
            ApiKeyEnv,
            Serving,
            Guardrail,
            LowCode,
            Dataset,
        ][..],
    );
    let access = select(&[Access::Open, Access::Remote, Access::Key, Access::Login, Access::Local][..]);
    let server = (vec(tool(), 0..3), of(access));
    (kind, text(), of(text()), of(text()), of(text()), of(any::<bool>()), role(), server, evidence())
        .prop_map(|(kind, name, package, version, purl, direct, role, (tools, access), evidence)| Component {
            kind,
            name,
            package,
            version,
            purl,
            direct,
            role,
            tools,
            access,
            evidence,
        })
}

fn identity() -> impl Strategy<Value = Identity> {
    use IdentityKind::{
        ApiKey, CloudRole, CloudUser, EnvCredential, OauthClient, SecretRef, ServiceAccount, WorkflowToken,
    };
    use Privilege::{Admin, None, Read, Unknown, Write};
    let kind = select(
        &[EnvCredential, SecretRef, CloudRole, CloudUser, ServiceAccount, WorkflowToken, OauthClient, ApiKey]
            [..],
    );
    let privilege = of(select(&[None, Unknown, Read, Write, Admin][..]));
    let fingerprint = of(any::<[u8; 8]>().prop_map(Fingerprint::from_bytes));
    let others = (vec(text(), 0..2), vec(text().prop_map(SystemId::known), 0..2));
    let rights = (privilege, of(any::<bool>()));
    (kind, text(), rights, of(text()), fingerprint, others, any::<bool>(), evidence()).prop_map(
        |(kind, name, rights, arn, fingerprint, (assumed_by, shared_with), inferred, evidence)| Identity {
            kind,
            name,
            privilege: rights.0,
            may_ask: rights.1,
            arn,
            fingerprint,
            assumed_by,
            shared_with,
            inferred,
            evidence,
        },
    )
}

fn tool() -> impl Strategy<Value = Tool> {
    use Effect::{Execute, Pay, Read, Send, Unknown, Write};
    let effect = select(&[Read, Unknown, Write, Send, Pay, Execute][..]);
    let gate = select(&[Gate::Each, Gate::Some, Gate::None, Gate::Unknown][..]);
    (text(), effect, gate, evidence()).prop_map(|(name, effect, gate, evidence)| Tool {
        name,
        effect,
        gate,
        evidence,
    })
}

fn model() -> impl Strategy<Value = Model> {
    (text(), of(text()), any::<bool>(), evidence()).prop_map(|(name, provider, pinned, evidence)| Model {
        name,
        provider,
        pinned,
        evidence,
    })
}

fn trigger() -> impl Strategy<Value = Trigger> {
    use TriggerKind::{Event, Manual, Queue, Schedule, Watch, Webhook};
    let kind = select(&[Schedule, Webhook, Queue, Event, Watch, Manual][..]);
    (kind, text(), place(), of(text()), evidence()).prop_map(|(kind, value, place, runs, evidence)| Trigger {
        kind,
        value,
        place,
        runs,
        evidence,
    })
}

fn deployment() -> impl Strategy<Value = Deployment> {
    use DeploymentKind::{Aws, Azure, Ci, Gcp, K8s, Repo};
    (select(&[Repo, Aws, K8s, Gcp, Azure, Ci][..]), text(), of(strength()))
        .prop_map(|(kind, reference, strength)| Deployment { kind, reference, strength })
}

fn strength() -> impl Strategy<Value = JoinStrength> {
    select(&[JoinStrength::Strong, JoinStrength::Medium, JoinStrength::Weak][..])
}

fn key() -> impl Strategy<Value = Key> {
    use Claim::{BuildsImage, ComesFrom, Declares, Has, Is, KeptIn, PinsDigest, RunsDigest, RunsImage};
    let claim =
        select(&[KeptIn, ComesFrom, BuildsImage, RunsImage, PinsDigest, RunsDigest, Declares, Is, Has][..]);
    (claim, text(), strength(), place()).prop_map(|(claim, value, strength, place)| Key {
        claim,
        value,
        strength,
        place,
    })
}

fn reason() -> impl Strategy<Value = Reason> {
    (text(), strength(), vec(place(), 0..3)).prop_map(|(says, strength, places)| Reason {
        says,
        strength,
        places,
    })
}

fn join() -> impl Strategy<Value = Join> {
    (text().prop_map(SystemId::known), text(), of(text()), text(), vec(reason(), 0..2))
        .prop_map(|(id, name, target, root, because)| Join { id, name, target, root, because })
}

fn proposal() -> impl Strategy<Value = Proposal> {
    let one = || text().prop_map(SystemId::known);
    ([one(), one()], [text(), text()], vec(reason(), 0..2)).prop_map(|(systems, names, because)| Proposal {
        systems,
        names,
        because,
    })
}

fn owner() -> impl Strategy<Value = Owner> {
    use OwnerSource::{Backstage, Codeowners, Committer, Declared, Label, PackageAuthor};
    (select(&[Declared, Backstage, Codeowners, Label, PackageAuthor, Committer][..]), text(), place())
        .prop_map(|(source, name, place)| Owner { source, name, place })
}

fn purpose() -> impl Strategy<Value = Purpose> {
    (select(&[PurposeSource::Declared, PurposeSource::Package, PurposeSource::Readme][..]), text(), place())
        .prop_map(|(source, text, place)| Purpose { source, text, place })
}

fn claimed() -> impl Strategy<Value = Claimed> {
    (select(&Criterion::ALL[..]), any::<bool>(), text(), place())
        .prop_map(|(criterion, answer, because, place)| Claimed { criterion, answer, because, place })
}

fn control() -> impl Strategy<Value = Control> {
    use ControlKind::{Egress, Evaluation, IncidentPlan, Limit, PodSecurity, Recovery};
    let kind = select(&[Limit, Evaluation, IncidentPlan, Recovery, PodSecurity, Egress][..]);
    (kind, text(), of(any::<bool>()), evidence()).prop_map(|(kind, name, in_place, evidence)| Control {
        kind,
        name,
        in_place,
        evidence,
    })
}

fn system() -> impl Strategy<Value = System> {
    use SystemKind::{Agent, Assistant, Pipeline, Serving, Training};
    use Verdict::{Agentic, NotAgentic, NotAi, Undetermined};
    let kind = select(&[Agent, Pipeline, Serving, Training, Assistant][..]);
    let hitl = select(&[Hitl::None, Hitl::Some, Hitl::EveryStep, Hitl::Unknown][..]);
    let verdict = select(&[Agentic, Undetermined, NotAgentic, NotAi][..]);
    let decided = (verdict, [0..=5_u8, 0..=5_u8], of(share()), hitl, any::<u32>(), missing());
    let criteria = vec(answer(), 10).prop_map(|answers| {
        let mut answers = answers.into_iter();
        Criteria::from_fn(|_| answers.next().unwrap_or_default())
    });
    let parts = (
        vec(component(), 0..2),
        vec(identity(), 0..2),
        vec(tool(), 0..2),
        vec(model(), 0..2),
        vec(trigger(), 0..2),
        vec(deployment(), 0..2),
        vec(control(), 0..2),
        (vec(key(), 0..2), vec(join(), 0..2), vec(select(&[Incomplete::Parts, Incomplete::Tools][..]), 0..2)),
    );
    let claims = (of(purpose()), vec(claimed(), 0..2), vec(owner(), 0..2), of(remembered()));
    (kind, text(), text(), of(text()), role(), decided, criteria, parts, claims).prop_map(
        |(kind, name, root, target, role, decided, criteria, parts, claims)| {
            let (purpose, claims, owners, remembered) = claims;
            let (verdict, level, confidence, hitl, priority, settles) = decided;
            let (
                components,
                identities,
                tools,
                models,
                triggers,
                locations,
                controls,
                (keys, joins, incomplete),
            ) = parts;
            System {
                id: SystemId::derive(kind, &root, &name),
                name,
                kind,
                target,
                root,
                role,
                purpose,
                claims,
                owners,
                verdict,
                level: level.map(Level),
                confidence,
                hitl,
                priority,
                settles,
                criteria,
                components,
                identities,
                tools,
                models,
                controls,
                triggers,
                locations,
                keys,
                joins,
                incomplete,
                remembered,
            }
        },
    )
}

fn remembered() -> impl Strategy<Value = Remembered> {
    let aliases = vec(text().prop_map(SystemId::known), 0..3);
    (select(&Presence::ALL[..]), text(), text(), aliases).prop_map(
        |(presence, first_seen, last_seen, aliases)| Remembered { presence, first_seen, last_seen, aliases },
    )
}

fn coverage() -> impl Strategy<Value = Coverage> {
    use GapReason::{Denied, Failed, Generated, Ignored, RateLimited, TooLarge, Unparsable, Unsupported};
    let why =
        select(&[Denied, TooLarge, Unparsable, RateLimited, Unsupported, Generated, Ignored, Failed][..]);
    let gap = (text(), why, any::<u64>(), of(text())).prop_map(|(what, why, count, detail)| Gap {
        what,
        why,
        count,
        detail,
    });
    let state = select(&[Seen::Complete, Seen::Forbidden, Seen::Absent, Seen::Truncated][..]);
    let kind = (text(), text(), text(), state, any::<u64>())
        .prop_map(|(part, kind, within, state, seen)| CoveredKind { part, kind, within, state, seen });
    (text(), any::<u64>(), vec(gap, 0..3), vec(kind, 0..3))
        .prop_map(|(target, seen, skipped, kinds)| Coverage { target, seen, skipped, kinds })
}

fn declared() -> impl Strategy<Value = Declared> {
    use MarkKind::{Arn, Host, Image, Repository, Resource, System};
    let kind = select(&[System, Repository, Image, Arn, Resource, Host][..]);
    let mark = (kind, text()).prop_map(|(kind, value)| Mark { kind, value });
    let stage = select(&[Lifecycle::Planned, Lifecycle::Active, Lifecycle::Retired, Lifecycle::Unknown][..]);
    let claims = (of(text()), of(text()), stage, of(any::<bool>()));
    let records = (of(text()), of(text()), of(text()), of(text()));
    (text(), text(), place(), claims, records, vec(mark, 0..2)).prop_map(
        |(id, name, place, claims, records, marks)| {
            let (data, approval, provider, agreement) = records;
            let records = Records { data, approval, provider, agreement };
            let (owner, purpose, lifecycle, agentic) = claims;
            Declared { id, name, place, owner, purpose, lifecycle, agentic, records, marks }
        },
    )
}

fn sighted() -> impl Strategy<Value = Sighted> {
    use Verdict::{Agentic, NotAgentic, NotAi, Undetermined};
    let verdict = select(&[Agentic, Undetermined, NotAgentic, NotAi][..]);
    (text().prop_map(SystemId::known), text(), verdict, vec(reason(), 0..2))
        .prop_map(|(system, name, verdict, because)| Sighted { system, name, verdict, because })
}

fn register() -> impl Strategy<Value = Register> {
    use WhyUnseen::{Gaps, NoPlace, NotScanned, NotThere, Others};
    let systems = || vec(sighted(), 0..2);
    let by = select(&[MatchedBy::Rules, MatchedBy::Person][..]);
    let seen = (declared(), systems(), by, vec(text(), 0..2))
        .prop_map(|(declared, systems, by, remarks)| Recognised { declared, systems, by, remarks });
    let why = select(&[NotThere, Gaps, NotScanned, NoPlace, Others][..]);
    let unseen = (declared(), why).prop_map(|(declared, why)| Unseen { declared, why });
    let question = (declared(), systems(), any::<u64>()).prop_map(|(declared, systems, more)| Question {
        declared,
        systems,
        more,
    });
    (vec(seen, 0..2), systems(), vec(unseen, 0..2), vec(question, 0..2), vec(text(), 0..2)).prop_map(
        |(seen, shadow, unseen, questions, notes)| Register { seen, shadow, unseen, questions, notes },
    )
}

fn inventory() -> impl Strategy<Value = Inventory> {
    let target = (text(), of(text())).prop_map(|(target, commit)| ScanTarget { target, commit });
    let scan = (text(), text(), text(), text(), vec(target, 0..3))
        .prop_map(|(id, started_at, tool, rules, targets)| Scan { id, started_at, tool, rules, targets });
    let loose = (vec(component(), 0..3), vec(identity(), 0..2), vec(proposal(), 0..2), of(register()));
    (scan, vec(coverage(), 0..3), vec(system(), 0..3), loose).prop_map(
        |(scan, coverage, systems, (components, identities, proposals, register))| Inventory {
            schema: SCHEMA.to_owned(),
            scan,
            coverage,
            systems,
            components,
            identities,
            proposals,
            register,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_inventory_is_read_back_as_it_was_written(inventory in inventory()) {
        let written = serde_json::to_string_pretty(&inventory).unwrap();
        let read: Inventory = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(serde_json::to_string_pretty(&read).unwrap(), written);
        prop_assert_eq!(read, inventory);
    }
}
