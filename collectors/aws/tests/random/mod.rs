//! Random policies, the same ones on every machine.

use serde_json::{Value, json};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below the bound")
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn several(&mut self, of: &[&str]) -> Value {
        let count = 1 + self.below(3);
        let texts: Vec<&str> = (0..count).map(|_| self.one(of)).collect();
        if texts.len() == 1 && self.below(2) == 0 { json!(texts[0]) } else { json!(texts) }
    }
}

const ACTIONS: [&str; 9] = [
    "bedrock:InvokeModel",
    "BEDROCK:invokemodel",
    "bedrock:Invoke*",
    "bedrock:*Model*",
    "bedrock:InvokeMode?",
    "s3:*",
    "s3:GetObject",
    "*",
    "bedrock:InvokeAgent",
];
/// What statements speak of.
pub(crate) const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",
    "arn:aws:bedrock:*::foundation-model/anthropic.*",
    "arn:aws:bedrock:eu-*::foundation-model/*",
    "arn:aws:bedrock:*:*:agent/*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/${aws:username}/*",
    "arn:aws:bedrock:us-east-?::foundation-model/*claude*",
    "arn:aws:s3:::*",
];
/// What is asked for.
pub(crate) const ASKED: [&str; 5] = [
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",
    "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova",
    "arn:aws:bedrock:us-east-1:111111111111:agent/A1",
    "arn:aws:s3:::bucket/ada/key",
    "arn:aws:s3:::other/key",
];
/// What is asked to do.
pub(crate) const ASKED_ACTIONS: [&str; 3] = ["bedrock:InvokeModel", "bedrock:InvokeAgent", "s3:GetObject"];

/// A policy of one to six statements about some of the resources, each under a condition if `condition` has one for it.
pub(crate) fn policy(
    random: &mut Random,
    resources: &[&str],
    mut condition: impl FnMut(&mut Random) -> Option<Value>,
) -> Value {
    let statements: Vec<Value> = (0..=random.below(5))
        .map(|_| {
            let mut statement = serde_json::Map::new();
            statement.insert("Effect".to_owned(), json!(random.one(&["Allow", "Allow", "Deny"])));
            let action = random.one(&["Action", "Action", "Action", "NotAction"]);
            statement.insert(action.to_owned(), random.several(&ACTIONS));
            let resource = random.one(&["Resource", "Resource", "Resource", "NotResource"]);
            statement.insert(resource.to_owned(), random.several(resources));
            if let Some(condition) = condition(random) {
                statement.insert("Condition".to_owned(), condition);
            }
            Value::Object(statement)
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}
