//! Which source file answers a path of requests, in frameworks where the place of a file is its route.

use super::shell;

/// Whether a file answers a path, in a project that begins in a folder.
pub(super) fn serves(path: &str, folder: &str, file: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let wanted: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let folder = shell::join("", folder);
    let within = if folder.is_empty() {
        Some(file)
    } else {
        file.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/'))
    };
    within.and_then(route).is_some_and(|route| matches(&route, &wanted))
}

/// The parts of the route that a file has by its place.
fn route(file: &str) -> Option<Vec<&str>> {
    const EXTENSIONS: [&str; 11] = ["ts", "js", "tsx", "jsx", "mts", "mjs", "cjs", "cts", "py", "go", "rb"];
    let (stem, extension) = file.rsplit_once('.')?;
    if !EXTENSIONS.contains(&extension) {
        return None;
    }
    let stem = stem.strip_prefix("src/").unwrap_or(stem);
    let mut parts: Vec<&str> = stem.split('/').collect();
    let (first, last) = (*parts.first()?, parts.pop()?);
    match (first, last) {
        ("app", "route") | ("routes", "+server") => {
            parts.remove(0);
            // Groups and slots name parts of the layout, not of the route.
            parts.retain(|part| !(part.starts_with('@') || (part.starts_with('(') && part.ends_with(')'))));
            return Some(parts);
        }
        ("pages", _) if !parts.is_empty() => {
            parts.remove(0);
        }
        ("api", _) if !parts.is_empty() => {}
        ("server", _) if matches!(parts.get(1), Some(&("api" | "routes"))) => {
            parts.drain(..if parts[1] == "api" { 1 } else { 2 });
        }
        _ => return None,
    }
    // Nitro lets the name of a file end with the method.
    let last = if first == "server" { last.split('.').next().unwrap_or(last) } else { last };
    if last != "index" {
        parts.push(last);
    }
    Some(parts)
}

fn matches(route: &[&str], wanted: &[&str]) -> bool {
    match (route, wanted) {
        ([], []) => true,
        // The rest of a path is always the last part of a route.
        ([rest], []) => rest.starts_with("[[..."),
        ([rest], _) if rest.starts_with("[...") || rest.starts_with("[[...") => true,
        ([part, route @ ..], [name, wanted @ ..]) => {
            (part == name || (part.starts_with('[') && part.ends_with(']') && !part.contains("...")))
                && matches(route, wanted)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_routes() {
        let cases = [
            ("/api/cron", "", "api/cron.ts", true),
            ("/api/cron?x=1", "", "api/cron/index.py", true),
            ("/api/cron", "", "app/api/cron/route.ts", true),
            ("/api/cron", "web", "web/src/app/(jobs)/api/cron/route.js", true),
            ("/api/cron", "", "web/app/api/cron/route.js", false),
            ("/api/cron", "", "pages/api/cron.ts", true),
            ("/api/cron", "", "src/pages/api/cron/index.tsx", true),
            ("/api/cron", "", "src/routes/api/cron/+server.ts", true),
            ("/api/cron", "", "server/api/cron.get.ts", true),
            ("/tasks/a", "", "server/routes/tasks/a.ts", true),
            ("/api/cron/daily", "", "app/api/cron/[job]/route.ts", true),
            ("/api/cron/a/b", "", "app/api/[...all]/route.ts", true),
            ("/api/cron", "", "app/api/cron/page.tsx", false),
            ("/api/cron", "", "api/cron.md", false),
            ("/api/cron", "", "api/other.ts", false),
            ("/", "", "route.ts", false),
            ("", "", "app/route.ts", true),
        ];
        for (path, folder, file, expected) in cases {
            assert_eq!(serves(path, folder, file), expected, "{path} {file}");
        }
    }
}
