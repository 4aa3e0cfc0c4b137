//! What rules know of a program from outside: variables that it reads, hosts that it reaches, commands that start it.

use foldhash::HashMap;

use crate::{Rule, host, run};

/// Rules by what shows them from outside, each by its index.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    variables: HashMap<String, Vec<u32>>,
    beginnings: Vec<(String, u32)>,
    hosts: Vec<u32>,
    serves: Vec<u32>,
}

impl Outside {
    pub(crate) fn add(&mut self, index: u32, rule: &Rule) {
        for name in &rule.variables {
            match name.strip_suffix('*') {
                Some(head) => self.beginnings.push((head.to_owned(), index)),
                None => self.variables.entry(name.clone()).or_default().push(index),
            }
        }
        if !rule.hosts.is_empty() {
            self.hosts.push(index);
        }
        if !rule.serves.is_empty() {
            self.serves.push(index);
        }
    }

    /// Rules about what reads a variable.
    pub(crate) fn variable(&self, name: &str) -> Vec<u32> {
        let by_beginning = self.beginnings.iter().filter(|(head, _)| name.starts_with(head.as_str()));
        let mut found: Vec<u32> = by_beginning.map(|(_, rule)| *rule).collect();
        found.extend(self.variables.get(name).into_iter().flatten());
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Rules about what is reached at a host.
    pub(crate) fn host(&self, rules: &[Rule], name: &str) -> Vec<u32> {
        let is_at = |rule: &&u32| rules[**rule as usize].hosts.iter().any(|known| host::is_at(known, name));
        self.hosts.iter().filter(is_at).copied().collect()
    }

    /// Rules about what a line starts as a server.
    pub(crate) fn serves(&self, rules: &[Rule], line: &str) -> Vec<u32> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let starts = |rule: &&u32| {
            rules[**rule as usize].serves.iter().any(|command| run::is_command(&words, command))
        };
        self.serves.iter().filter(starts).copied().collect()
    }
}
