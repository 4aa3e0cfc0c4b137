//! The collector for folders: a working tree, or the commit of a bare repository, is one unit.

use std::path::Path;

use asmm_model::Coverage;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use muster_collect::{
    CollectError, Collector, Context, Descriptor, Sink, Source, SourceOption, Target, Unit, whole,
};

use crate::base::BASE;
use crate::scan::scan;
use crate::tree::{Tree, TreeError, repositories};

/// Reads working trees and bare repositories: source code, manifests, and the files that start code.
#[derive(Debug, Clone, Copy, Default)]
pub struct CodeCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "code",
    title: "Source code in a folder",
    source: Source::Folder,
    permissions: &["read the files of the folder"],
    options: &[BRANCH, REPOSITORIES[0], REPOSITORIES[1]],
};

/// Which of many repositories are scanned: of folders of them, and of whatever else lists them.
pub const REPOSITORIES: [SourceOption; 2] = [
    SourceOption {
        name: "repos-include",
        value: "PATTERN",
        help: "Of many repositories, only those that a pattern fits, such as acme/*; may be repeated",
        many: true,
        check: repositories::check,
    },
    SourceOption {
        name: "repos-exclude",
        value: "PATTERN",
        help: "Of many repositories, none that a pattern fits; may be repeated",
        many: true,
        check: repositories::check,
    },
];

/// Says which commit of a repository is read that has no work tree here.
pub(crate) const BRANCH: SourceOption = SourceOption {
    name: "git-branch",
    value: "NAME",
    help: "The branch, tag or commit of a repository that is read without a work tree; its default branch otherwise",
    many: false,
    check: branch,
};

fn branch(name: &str) -> Result<(), String> {
    let is_name = !name.is_empty()
        && !name.starts_with('-')
        && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_name { Ok(()) } else { Err("is no name of a branch, a tag or a commit".to_owned()) }
}

/// A folder as it is, or as the commit has it that it is compared with.
fn opened(folder: &Path, cx: &Context) -> Result<Tree, TreeError> {
    match cx.options.one(BASE) {
        Some(commit) => Tree::of_base(folder, commit),
        None => Tree::open(folder, cx.options.one(BRANCH.name)),
    }
}

/// The commit that is read. Planning happens between the answers of other targets, and opens nothing that it need not.
fn commit_of(folder: &Path, cx: &Context) -> Result<Option<String>, TreeError> {
    if cx.options.one(BASE).or(cx.options.one(BRANCH.name)).is_some() {
        return opened(folder, cx).map(|tree| tree.commit());
    }
    Tree::head(folder)
}

#[async_trait]
impl Collector for CodeCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        let unit = match target.folder() {
            _ if cx.stop.is_asked() => Err(CollectError::Stopped),
            None => Err(CollectError::Unusable(format!("`{}` is not a folder", target.given))),
            Some(folder) => match commit_of(&folder, cx) {
                Ok(commit) => Ok(Unit { target: target.given.clone(), part: String::new(), commit }),
                Err(error) => Err(CollectError::Unusable(error.to_string())),
            },
        };
        stream::once(async { unit }).boxed()
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        whole::off_the_runtime(unit, cx, out, |target, cx| {
            let tree =
                opened(Path::new(target), cx).map_err(|error| CollectError::Unusable(error.to_string()))?;
            let outcome = scan(&tree, target, cx)?;
            Ok((outcome.observations, outcome.coverage))
        })
        .await
    }
}
