//! Names of source files in commands: handlers of functions, modules of Python, and extensions.

use super::shell::join;
use super::{folder_of, name_of};

/// Of JavaScript and its relatives, and, as the last one, of Python.
pub(super) const SCRIPT_EXTENSIONS: [&str; 9] = ["ts", "js", "mjs", "cjs", "mts", "cts", "tsx", "jsx", "py"];
const OTHERS: [&str; 6] = ["go", "rb", "cs", "java", "kt", "php"];
/// Folders that compilers write to, whose files come from those of `src` or of the folder above.
pub(super) const BUILT: [&str; 4] = ["dist", "build", "lib", "out"];
/// Folders above a declaration in which a handler may stand.
const MAX_ABOVE: usize = 4;

/// Whether a handler is that file, or a function in it.
pub(super) fn handles(handler: &str, folder: &str, file: &str) -> bool {
    let Some((stem, extension)) = file.rsplit_once('.') else { return false };
    if join(folder, handler) == file {
        return true;
    }
    if !SCRIPT_EXTENSIONS.contains(&extension) && !OTHERS.contains(&extension) {
        return false;
    }
    match extension {
        "java" | "kt" | "cs" => return has_class(handler, stem),
        // The file of a compiled program is not named; the folder is that of its package.
        "go" if !handler.contains(['.', '/']) => return folder_of(file) == join("", folder),
        _ => {}
    }
    let whole = join(folder, handler);
    // A function named by its file or its folder, without any part for a name inside.
    if whole == stem || join(&whole, "index") == stem || join(&whole, name_of(&whole)) == stem {
        return true;
    }
    let built = |path: &str| {
        SCRIPT_EXTENSIONS[..8].contains(&extension) && from_build(path).iter().any(|source| source == stem)
    };
    let split = if extension == "rb" { handler.split_once('.') } else { handler.rsplit_once(['.', ':']) };
    let Some((module, _)) = split else { return false };
    let dotted = module.trim_start_matches("./").replace('.', "/");
    [module, dotted.as_str()].iter().any(|module| {
        let path = join(folder, module);
        path == stem || join(&path, "__init__") == stem || built(&path)
    })
}

/// The sources of what a compiler wrote, by their paths.
pub(super) fn from_build(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let Some(index) = parts.iter().position(|part| BUILT.contains(part)) else { return Vec::new() };
    let with = |middle: &[&str]| [&parts[..index], middle, &parts[index + 1..]].concat().join("/");
    vec![with(&["src"]), with(&[])]
}

/// Whether a handler names the class that a file is called after: `com.acme.Nightly::handle`, `Assembly::Acme.Nightly::Run`.
fn has_class(handler: &str, stem: &str) -> bool {
    let mut parts = handler.split("::");
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let class = if third.is_some() { second.unwrap_or_default() } else { first };
    let path = class.replace('.', "/");
    let name = name_of(&path);
    // Namespaces of .NET need not be folders.
    let wanted = if third.is_some() { name } else { path.as_str() };
    !name.is_empty()
        && stem.strip_suffix(wanted).is_some_and(|front| front.is_empty() || front.ends_with('/'))
}

/// The function that a handler names, where it does.
pub(crate) fn function_of(handler: &str) -> Option<&str> {
    let (_, name) = handler.rsplit_once(['.', ':'])?;
    let is_file = SCRIPT_EXTENSIONS.contains(&name) || OTHERS.contains(&name);
    (!is_file && !name.is_empty() && !name.contains('/')).then_some(name)
}

/// Folders in which a handler may stand when nothing says where: that of the declaration, those above, and their `src`.
pub(super) fn likely_folders(folder: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut above = folder;
    for _ in 0..=MAX_ABOVE {
        folders.extend([above.to_owned(), join(above, "src")]);
        if above.is_empty() {
            break;
        }
        above = folder_of(above);
    }
    folders
}

/// Whether a word ends as a file of Python or JavaScript does.
pub(super) fn has_script_extension(word: &str) -> bool {
    word.rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && SCRIPT_EXTENSIONS.contains(&extension))
}

/// Files that a module may be; nothing for what is no name of one.
pub(super) fn module_files(module: &str) -> Vec<String> {
    let named = module.split('.').all(|part| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    });
    if !named {
        return Vec::new();
    }
    let path = module.replace('.', "/");
    ["{}.py", "{}/__main__.py", "{}/__init__.py"].map(|form| form.replace("{}", &path)).into()
}
