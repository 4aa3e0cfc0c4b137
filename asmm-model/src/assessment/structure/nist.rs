//! The ids of the NIST CSF 2.0 and the NIST AI RMF 1.0, which are in the public domain (see `data/README.md`).

use std::sync::LazyLock;

use serde_json::Value;

/// Subcategories of the CSF 2.0: `GV.OC-01`.
pub(super) static CSF: LazyLock<Vec<String>> =
    LazyLock::new(|| ids(include_str!("../../../data/nist-csf-2.0.json")));

/// Subcategories of the AI RMF 1.0: `GOVERN 1.1`.
pub(super) static AI_RMF: LazyLock<Vec<String>> =
    LazyLock::new(|| ids(include_str!("../../../data/nist-ai-rmf-1.0.json")));

fn ids(text: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let inside = |at: &Value, key: &str| at[key].as_array().cloned().unwrap_or_default();
    let functions = inside(&document, "functions").into_iter();
    let categories = functions.flat_map(|function| inside(&function, "categories"));
    let subcategories = categories.flat_map(|category| inside(&category, "subcategories"));
    subcategories.filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_subcategories_are_known() {
        assert_eq!((CSF.len(), AI_RMF.len()), (106, 72));
        assert_eq!((CSF[0].as_str(), AI_RMF[71].as_str()), ("GV.OC-01", "MANAGE 4.3"));
    }
}
