//! Names of source files in commands: handlers of functions, modules of Python, and extensions.

use super::name_of;
use super::shell::join;

/// Of JavaScript and its relatives, and, as the last one, of Python.
pub(super) const SCRIPT_EXTENSIONS: [&str; 9] = ["ts", "js", "mjs", "cjs", "mts", "cts", "tsx", "jsx", "py"];
const COMPILED: [&str; 4] = ["go", "rb", "cs", "java"];

/// Whether a handler is that file, or a function in it.
pub(super) fn handles(handler: &str, folder: &str, file: &str) -> bool {
    let Some((stem, extension)) = file.rsplit_once('.') else { return false };
    if join(folder, handler) == file {
        return true;
    }
    if !SCRIPT_EXTENSIONS.contains(&extension) && !COMPILED.contains(&extension) {
        return false;
    }
    let whole = join(folder, handler);
    // A function named by its file or its folder, without any part for a name inside.
    if whole == stem || join(&whole, "index") == stem || join(&whole, name_of(&whole)) == stem {
        return true;
    }
    let Some((module, _)) = handler.rsplit_once(['.', ':']) else { return false };
    let dotted = module.trim_start_matches("./").replace('.', "/");
    [module, dotted.as_str()].iter().any(|module| {
        let path = join(folder, module);
        path == stem || join(&path, "__init__") == stem
    })
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
