//! By what an entry can be found: repositories, images and resources in one form, however they are written.

use asmm_model::{Mark, MarkKind};
use muster_collect::url;

/// The longest value, in bytes.
const MAX: usize = 1_000;
/// Words of a path of a forge behind which branch and folder stand.
const FOLDERS: [&str; 4] = ["tree", "blob", "src", "edit"];

fn mark(kind: MarkKind, value: impl Into<String>) -> Mark {
    Mark { kind, value: value.into() }
}

/// The things that one cell names.
pub(super) fn split(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', ',', '|', '\n', '\r', ' ', '\t'])
        .map(str::trim)
        .filter(|part| !part.is_empty() && part.len() <= MAX)
}

/// An id of Muster.
pub(super) fn system(text: &str) -> Option<Mark> {
    let digits = text.trim().strip_prefix("sys-")?;
    let is_id =
        digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_id.then(|| mark(MarkKind::System, text.trim()))
}

/// A repository by its address, by `OWNER/NAME`, or by the address of one of its folders; `url:` may stand in front.
pub(super) fn repository(text: &str) -> Option<Mark> {
    let text = text.trim();
    let address = text.strip_prefix("url:").unwrap_or(text);
    let (address, named) = address.split_once('#').map_or((address, None), |(a, path)| (a, Some(path)));
    let Some(whole) = url::repository(address) else { return slug(address) };
    let parts: Vec<&str> = whole.split('/').filter(|part| !part.is_empty()).collect();
    // The case of a folder counts; that of host, owner and name does not.
    let written: Vec<&str> =
        address.trim_end_matches('/').split('/').filter(|part| !part.is_empty()).collect();
    let written = &written[written.len().saturating_sub(parts.len())..];
    let dash = parts.iter().position(|part| *part == "-");
    let word = parts.iter().enumerate().skip(3).find(|(_, part)| FOLDERS.contains(part)).map(|(at, _)| at);
    let (end, folder) = match (dash.filter(|at| *at >= 3), word) {
        (Some(dash), _) => (dash, dash + 3),
        (None, Some(word)) => (word, word + 2),
        // Behind the name of a repository of GitHub stands what is in it.
        (None, None) if parts[0] == "github.com" => (parts.len().min(3), parts.len()),
        (None, None) => (parts.len(), parts.len()),
    };
    let mut value = parts[..end].join("/");
    let value_end = value.strip_suffix(".git").map(str::len);
    value.truncate(value_end.unwrap_or(value.len()));
    let folder = match named {
        // What stands behind it in a browser is a heading; a folder is written as one.
        Some(path) => path.trim_matches('/').to_owned(),
        None => folder_of(written.get(folder..).unwrap_or_default()),
    };
    if !folder.is_empty() && folder.len() <= MAX && !folder.chars().any(char::is_control) {
        value.push('#');
        value.push_str(&folder);
    }
    Some(mark(MarkKind::Repository, value))
}

/// The folder of a path in a repository: a file of a catalogue stands for the folder that it is in.
fn folder_of(parts: &[&str]) -> String {
    let is_file = parts.last().is_some_and(|last| has_ending(last, "yaml") || has_ending(last, "yml"));
    parts[..parts.len() - usize::from(is_file)].join("/")
}

fn has_ending(text: &str, ending: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}

/// `OWNER/NAME` at a host that is not said.
pub(super) fn slug(text: &str) -> Option<Mark> {
    let text = text.trim().trim_end_matches('/');
    let is_plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let parts = text.split('/').count();
    let is_slug = (2..=6).contains(&parts) && text.split('/').all(is_plain);
    is_slug.then(|| {
        mark(MarkKind::Repository, format!("-/{}", text.strip_suffix(".git").unwrap_or(text).to_lowercase()))
    })
}

/// An image by its reference.
pub(super) fn image(text: &str) -> Option<Mark> {
    url::image(text.trim()).map(|name| mark(MarkKind::Image, name))
}

/// An object of a cloud or a cluster: an ARN, `k8s/NAMESPACE/KIND/NAME`, `CLUSTER/NAMESPACE/KIND/NAME` or `aws/TYPE/NAME`.
pub(super) fn resource(text: &str) -> Option<Mark> {
    let text = text.trim();
    let text = ["aws: ", "k8s: ", "aws:", "k8s:"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) || text.len() > MAX {
        return None;
    }
    if text.starts_with("arn:") && text.split(':').count() >= 6 {
        return Some(mark(MarkKind::Arn, text));
    }
    let parts: Vec<&str> = text.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    match parts.as_slice() {
        ["aws", kind, name] => Some(mark(MarkKind::Resource, format!("aws/{}/{name}", kind.to_lowercase()))),
        [_, namespace, kind, name] => {
            Some(mark(MarkKind::Resource, format!("k8s/{namespace}/{}/{name}", kind.to_lowercase())))
        }
        _ => None,
    }
}

/// What a column of links names: a repository where it is one of a forge, and a host otherwise.
pub(super) fn link(text: &str) -> Option<Mark> {
    let text = text.trim();
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = bare.split(['/', '?', '#']).next().unwrap_or(bare);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    let is_forge =
        ["github.", "gitlab.", "bitbucket.", "codeberg."].iter().any(|forge| host.starts_with(forge));
    if is_forge || has_ending(text, "git") || text.starts_with("git@") {
        return repository(text);
    }
    let is_host =
        host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    is_host.then(|| mark(MarkKind::Host, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_one_mark_however_it_is_written() {
        let table = [
            ("https://github.com/Acme/Refunds.git", "github.com/acme/refunds"),
            ("git@github.com:acme/refunds.git", "github.com/acme/refunds"),
            ("url:https://github.com/acme/refunds/tree/main/", "github.com/acme/refunds"),
            (
                "https://github.com/acme/shop/tree/main/services/Refunds/",
                "github.com/acme/shop#services/Refunds",
            ),
            ("https://github.com/acme/shop/blob/main/a/catalog-info.yaml", "github.com/acme/shop#a"),
            ("https://gitlab.com/acme/group/shop/-/tree/main/svc", "gitlab.com/acme/group/shop#svc"),
            ("github.com/acme/shop#svc/a", "github.com/acme/shop#svc/a"),
            ("https://github.com/acme/shop/issues/3", "github.com/acme/shop"),
            ("Acme/Refunds", "-/acme/refunds"),
        ];
        for (text, expected) in table {
            assert_eq!(repository(text).map(|mark| mark.value).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "refunds", "../refunds", "/srv/refunds", "a b/c", "javascript:alert(1)"] {
            assert_eq!(repository(text), None, "{text}");
        }
    }

    #[test]
    fn resources_and_links_are_told_apart() {
        let of = |mark: Option<Mark>| mark.map(|mark| format!("{} {}", mark.kind.title(), mark.value));
        let arn = "arn:aws:lambda:eu-west-1:111111111111:function:refunds";
        assert_eq!(of(resource(arn)), Some(format!("ARN {arn}")));
        assert_eq!(of(resource(&format!("aws: {arn}"))), Some(format!("ARN {arn}")));
        assert_eq!(
            of(resource("prod/pay/Deployment/refunds")).unwrap(),
            "resource k8s/pay/deployment/refunds"
        );
        assert_eq!(of(resource("aws/function/refunds")).unwrap(), "resource aws/function/refunds");
        assert_eq!(of(resource("refunds")), None);
        assert_eq!(of(link("https://refunds.acme.example/chat?x=1")).unwrap(), "host refunds.acme.example");
        assert_eq!(
            of(link("https://user:secret@refunds.acme.example/")).unwrap(),
            "host refunds.acme.example"
        );
        assert_eq!(
            of(link("https://github.com/acme/refunds")).unwrap(),
            "repository github.com/acme/refunds"
        );
        assert_eq!(of(link("javascript:alert(1)")), None);
        assert_eq!(of(system("sys-0b26a83431a10f86")).unwrap(), "system sys-0b26a83431a10f86");
        assert_eq!(of(system("sys-0b26a83431a10f8")), None);
        assert_eq!(of(image("ghcr.io/acme/refunds:1.2")).unwrap(), "image ghcr.io/acme/refunds");
    }
}
