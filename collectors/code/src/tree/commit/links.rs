//! Where a link of a commit would lead in a work tree, without making one.

use gix_object::Kind;

use super::store::{Entry, Handle};
use crate::tree::objects::ObjectId;

/// Links upon links; the kernel follows as many.
const MAX_LINKS: usize = 40;
/// Steps from one folder into the next.
const MAX_STEPS: usize = 4096;
/// Bytes of what a link leads to.
const MAX_LINK: u64 = 4096;

/// Where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// To something that is scanned, or counted, where it is.
    Inside,
    /// Out of the tree.
    Outside,
    /// To what git keeps beside the tree.
    IntoGit,
    /// To nothing.
    Nowhere,
}

/// Where a link in `folder` leads whose text is `target`.
pub(super) fn leads(handle: &mut Handle<'_>, root: ObjectId, folder: &[u8], target: &[u8]) -> Leads {
    if target.is_empty() || target.contains(&0) {
        return Leads::Nowhere;
    }
    if target.starts_with(b"/") {
        return Leads::Outside;
    }
    // The next step is the last of them.
    let mut steps = parts(target);
    steps.extend(parts(folder));
    // The folders on the way, from the one below the root on; in a submodule nothing is known.
    let mut way: Vec<Option<ObjectId>> = Vec::new();
    let mut links = 0;
    for _ in 0..MAX_STEPS {
        let Some(step) = steps.pop() else { return Leads::Inside };
        match step.as_slice() {
            b"" | b"." => continue,
            b".." => {
                if way.pop().is_none() {
                    return Leads::Outside;
                }
                continue;
            }
            b".git" if way.is_empty() => return Leads::IntoGit,
            _ => {}
        }
        let Some(at) = way.last().copied().unwrap_or(Some(root)) else { return Leads::Nowhere };
        match handle.child(at, &|name| name == step) {
            Ok(Some(Entry::Folder(id))) => way.push(Some(id)),
            Ok(Some(Entry::Submodule)) => way.push(None),
            Ok(Some(Entry::File(_))) if steps.is_empty() => return Leads::Inside,
            Ok(Some(Entry::Link(id))) => {
                links += 1;
                let mut target = Vec::new();
                if links > MAX_LINKS || handle.read(id, Kind::Blob, MAX_LINK, &mut target).is_err() {
                    return Leads::Nowhere;
                }
                if target.starts_with(b"/") {
                    return Leads::Outside;
                }
                steps.extend(parts(&target));
            }
            Ok(Some(Entry::File(_)) | None) | Err(_) => return Leads::Nowhere,
        }
    }
    Leads::Nowhere
}

/// The names in a path, the first one last.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}
