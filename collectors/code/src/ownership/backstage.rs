//! Backstage: the owners that a `catalog-info.yaml` names.

use crate::document::{ReadError, reading};

/// Longest reference to an owner, in bytes.
const MAX_NAME: usize = 128;

/// Owners of the entities in a file, each once, with their lines; what a template still has to fill in is none.
pub(super) fn owners(text: &str) -> Result<Vec<(String, u32)>, ReadError> {
    let mut owners: Vec<(String, u32)> = Vec::new();
    for entity in reading::yaml_all(text)? {
        let is_entity = entity.text_at(&["apiVersion"]).is_some_and(|v| v.contains("backstage.io"));
        let owner = entity.get("spec").and_then(|spec| spec.entry("owner")).filter(|_| is_entity);
        let Some((name, line)) = owner.and_then(|o| Some((o.node.text()?.trim(), o.line))) else { continue };
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ':' | '/' | '-' | '_' | '.' | '@' | ' ');
        let is_reference = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_plain);
        if is_reference && !owners.iter().any(|(known, _)| known == name) {
            owners.push((name.to_owned(), line));
        }
    }
    Ok(owners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_names_its_owner() {
        let text = "# c\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec:\n  type: service\n  owner: group:default/refunds\n---\napiVersion: backstage.io/v1alpha1\nkind: API\nspec: {owner: group:default/refunds}\n---\napiVersion: backstage.io/v1alpha1\nkind: System\nspec:\n  owner: ada\n---\nkind: Other\nspec: {owner: no}\n---\napiVersion: backstage.io/v1alpha1\nspec: {owner: \"${{ values.owner }}\"}\n";
        assert_eq!(owners(text), Ok(vec![("group:default/refunds".to_owned(), 7), ("ada".to_owned(), 16)]));
        assert_eq!(owners(""), Ok(vec![]));
        assert!(owners("a: [").is_err());
    }
}
