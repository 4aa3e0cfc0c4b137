//! Which system of a target a workload of infrastructure code runs.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Gap, GapReason, Scope};

use crate::program::parent;
use crate::starters::{Command, CommandKind, Package, Surroundings, runs_file};
use crate::survey::Survey;

/// Questions whether a command runs a file, for one workload.
const MOST: usize = 50_000;
/// The same for all workloads of a target.
const MOST_OF_ALL: usize = 5_000_000;

/// Systems by the folders that they are in, with the files of interest.
pub(crate) struct Runs<'s> {
    survey: &'s Survey,
    systems: Vec<&'s Scope>,
    packages: Vec<Package<'s>>,
    /// Files of systems.
    files: Vec<&'s str>,
    /// Questions that may still be asked.
    left: Cell<usize>,
}

impl<'s> Runs<'s> {
    /// Looks for the systems of those scopes.
    pub(crate) fn of(survey: &'s Survey, systems: &BTreeSet<&'s Scope>) -> Self {
        let packages = survey
            .manifests
            .iter()
            .map(|m| Package { ecosystem: m.kind.ecosystem(), path: &m.path, name: m.name.as_deref() })
            .collect();
        let of_interest = survey
            .sources
            .values()
            .filter(|file| file.role.is_own() && (file.hits.primary || file.hits.secondary));
        Self {
            survey,
            systems: systems.iter().copied().collect(),
            packages,
            files: of_interest.map(|file| &*file.path).collect(),
            left: Cell::new(MOST_OF_ALL),
        }
    }

    /// The system that the commands in one file run: by the file, or by the folder that an image is built from.
    pub(crate) fn system(&self, path: &str, commands: &[Command]) -> Option<Scope> {
        if self.systems.is_empty() {
            return None;
        }
        let scripts = BTreeMap::new();
        let around = Surroundings {
            scripts: &scripts,
            scripts_folder: "",
            entry_points: &[],
            packages: &self.packages,
            declares: &|_| false,
        };
        let pairs = commands.iter().flat_map(|command| self.files.iter().map(move |file| (command, *file)));
        let mut most = MOST.min(self.left.get());
        self.left.set(self.left.get() - most);
        let file = pairs
            .take_while(|_| {
                let left = most > 0;
                most = most.saturating_sub(1);
                left
            })
            .find(|(command, file)| runs_file(command, file, &around).is_some());
        self.left.set(self.left.get() + most);
        if let Some((_, file)) = file {
            return self.around(file).cloned();
        }
        let own = parent(path);
        let folders = commands.iter().filter(|command| match command.kind {
            CommandKind::ImageCommand => {
                self.survey.deployables.contains(&command.folder)
                    && (command.folder != own || commands.iter().any(|c| c.kind == CommandKind::Image))
            }
            CommandKind::Handler => true,
            _ => false,
        });
        folders.map(|command| command.folder.as_str()).find_map(|folder| {
            let exact = self.systems.iter().copied().find(|system| system.root == folder);
            let below = || {
                let mut below = self.systems.iter().copied().filter(|system| is_below(folder, &system.root));
                below.next().filter(|_| below.next().is_none())
            };
            exact
                .or_else(|| self.around(folder).filter(|system| !system.root.is_empty()))
                .or_else(below)
                .cloned()
        })
    }

    /// What could not be told, where there was too much to ask.
    pub(crate) fn gap(&self) -> Option<Gap> {
        let detail = "more workloads and files than are compared to tell which of them runs what";
        (self.left.get() == 0).then(|| Gap::new("workloads", GapReason::TooLarge).because(detail))
    }

    /// The system in the innermost folder around a path.
    fn around(&self, path: &str) -> Option<&'s Scope> {
        let around = self.systems.iter().copied().filter(|system| is_below(&system.root, path));
        around.max_by_key(|system| system.root.len())
    }
}

fn is_below(folder: &str, path: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
