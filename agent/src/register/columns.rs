//! Which column, or which field of an object, says what: by the words that registers use for it.

use asmm_model::Mark;

use super::entry::{self, Raw};
use super::marks;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    Id,
    Name,
    Owner,
    Purpose,
    Lifecycle,
    Agentic,
    /// A class, of which one is that of agentic systems.
    Class,
    /// Classes of data.
    Data,
    /// A record of approval.
    Approval,
    Provider,
    /// An agreement with the provider.
    Agreement,
    Repository,
    Image,
    Resource,
    Link,
}

/// The words of a kind of table: what a title is, or begins with, in letters and digits alone.
pub(super) struct Words {
    /// Titles as a whole. The order of a list is that in which columns are asked.
    pub(super) whole: &'static [(Says, &'static [&'static str])],
    /// How longer titles begin.
    pub(super) begins: &'static [(Says, &'static [&'static str])],
}

/// What most registers call their columns.
pub(super) const COMMON: Words = Words {
    whole: &[
        (Says::Id, &["id", "identifier", "systemid", "assetid", "entryid", "ref", "key", "uid", "usecaseid"]),
        (
            Says::Name,
            &[
                "name",
                "systemname",
                "title",
                "system",
                "application",
                "applicationname",
                "app",
                "agent",
                "agentname",
                "service",
                "product",
                "usecasename",
                "aisystem",
            ],
        ),
        (
            Says::Repository,
            &[
                "repository",
                "repositories",
                "repo",
                "repos",
                "repositoryurl",
                "repourl",
                "git",
                "giturl",
                "code",
                "codeurl",
                "sourcecode",
                "sourceurl",
                "source",
                "scm",
                "github",
                "gitlab",
            ],
        ),
        (Says::Image, &["image", "images", "containerimage", "dockerimage", "container"]),
        (
            Says::Resource,
            &[
                "arn",
                "arns",
                "resource",
                "resources",
                "resourceid",
                "cloudresource",
                "workload",
                "workloads",
                "locations",
                "deployment",
                "deployments",
            ],
        ),
        (
            Says::Link,
            &[
                "url", "urls", "link", "links", "host", "hosts", "hostname", "endpoint", "website",
                "address", "fqdn",
            ],
        ),
        (
            Says::Owner,
            &[
                "owner",
                "owners",
                "team",
                "systemowner",
                "businessowner",
                "productowner",
                "responsible",
                "accountable",
                "contact",
                "department",
                "bureau",
                "email",
                "owneremail",
            ],
        ),
        (
            Says::Purpose,
            &[
                "purpose",
                "description",
                "summary",
                "intendedpurpose",
                "intendeduse",
                "usecase",
                "problem",
                "usecasedescription",
            ],
        ),
        (
            Says::Lifecycle,
            &["lifecycle", "status", "stage", "state", "phase", "developmentstage", "lifecyclestage"],
        ),
        (Says::Agentic, &["agentic", "isagentic", "agenticai", "autonomous", "isagent", "aiagent"]),
        (Says::Class, &["classification", "aiclassification"]),
        (
            Says::Data,
            &[
                "dataclasses",
                "dataclass",
                "dataclassification",
                "dataclassifications",
                "datacategories",
                "datacategory",
                "datatypes",
                "datasensitivity",
                "data",
            ],
        ),
        (
            Says::Approval,
            &[
                "approval",
                "approvalrecord",
                "approved",
                "approvedby",
                "approvedon",
                "approvaldate",
                "authorisation",
                "authorization",
                "authorisedby",
                "authorizedby",
                "signedoffby",
                "signoff",
            ],
        ),
        (Says::Provider, &["provider", "modelprovider", "aiprovider", "vendor", "supplier", "aivendor"]),
        (
            Says::Agreement,
            &[
                "agreement",
                "provideragreement",
                "vendoragreement",
                "contract",
                "dpa",
                "dataprocessingagreement",
            ],
        ),
    ],
    begins: &[],
};

impl Words {
    /// What a title says, and how good a word for it it is: the lower, the better.
    pub(super) fn of(&self, title: &str) -> Option<(Says, usize)> {
        let plain = plain(title);
        let whole = self
            .whole
            .iter()
            .find_map(|(says, words)| words.iter().position(|word| *word == plain).map(|at| (*says, at)));
        whole.or_else(|| {
            self.begins.iter().find_map(|(says, words)| {
                words.iter().position(|word| plain.starts_with(word)).map(|at| (*says, at))
            })
        })
    }
}

/// Letters and digits of a title, in lower case.
pub(super) fn plain(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).take(200).flat_map(char::to_lowercase).collect()
}

impl Raw {
    /// Takes the text of a field. Of several fields that say one thing, the one that was taken first holds, and marks add up.
    pub(super) fn take(&mut self, says: Says, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let first = |field: &mut String| {
            if field.is_empty() {
                text.clone_into(field);
            }
        };
        match says {
            Says::Id => first(&mut self.id),
            Says::Name => first(&mut self.name),
            Says::Owner => first(&mut self.owner),
            Says::Purpose => first(&mut self.purpose),
            Says::Lifecycle => first(&mut self.lifecycle),
            Says::Agentic => self.agentic = self.agentic.or_else(|| entry::agentic(text)),
            Says::Class => self.agentic = self.agentic.or_else(|| entry::classified(text)),
            Says::Data => first(&mut self.data),
            Says::Approval => first(&mut self.approval),
            Says::Provider => first(&mut self.provider),
            Says::Agreement => first(&mut self.agreement),
            Says::Repository => self.mark(text, marks::repository),
            Says::Image => self.mark(text, marks::image),
            Says::Resource => {
                // A list of places of Muster's own has a space behind what kind of place each is.
                let places = text.split([';', ',', '|', '\n']).filter_map(marks::resource);
                self.marks.extend(places.take(64));
            }
            Says::Link => self.mark(text, marks::link),
        }
    }

    fn mark(&mut self, text: &str, of: impl Fn(&str) -> Option<Mark>) {
        self.marks.extend(marks::split(text).filter_map(of).take(64));
    }
}
