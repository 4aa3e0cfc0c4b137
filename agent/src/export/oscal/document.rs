//! What we write of assessment results, in the order in which it is written.

use serde::Serialize;

use crate::page::visible;

/// Names of properties that OSCAL does not know are of this namespace.
const NAMESPACE: &str = "urn:muster:oscal:1";

/// An id that follows from what it stands for, so that the same scan gives the same document. OSCAL takes
/// versions 4 and 5 alone; this is 5, by name, though with another hash than the one that it was made for.
pub(super) fn uuid(name: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in name {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) assessment_results: AssessmentResults,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AssessmentResults {
    pub(super) uuid: String,
    pub(super) metadata: Metadata,
    pub(super) import_ap: ImportPlan,
    pub(super) results: Vec<Outcome>,
    pub(super) back_matter: BackMatter,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) last_modified: String,
    pub(super) version: String,
    pub(super) oscal_version: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ImportPlan {
    pub(super) href: String,
}

#[derive(Debug, Serialize)]
pub(super) struct BackMatter {
    pub(super) resources: Vec<Resource>,
}

#[derive(Debug, Serialize)]
pub(super) struct Resource {
    pub(super) uuid: String,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
}

/// The results of one scan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Outcome {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) start: String,
    pub(super) local_definitions: LocalDefinitions,
    pub(super) reviewed_controls: ReviewedControls,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) observations: Vec<Observation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LocalDefinitions {
    pub(super) components: Vec<Part>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) inventory_items: Vec<InventoryItem>,
    pub(super) assessment_assets: AssessmentAssets,
}

#[derive(Debug, Serialize)]
pub(super) struct AssessmentAssets {
    #[serde(rename = "assessment-platforms")]
    pub(super) platforms: Vec<Platform>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Platform {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) uses_components: Vec<PartReference>,
}

/// A component of a system.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    pub(super) uuid: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) props: Vec<Prop>,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Status {
    pub(super) state: &'static str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PartReference {
    pub(super) component_uuid: String,
}

/// A system.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct InventoryItem {
    pub(super) uuid: String,
    pub(super) description: String,
    pub(super) props: Vec<Prop>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) implemented_components: Vec<PartReference>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ReviewedControls {
    pub(super) control_selections: Vec<ControlSelection>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ControlSelection {
    pub(super) description: &'static str,
    pub(super) include_all: All,
}

/// All controls: an object without fields.
#[derive(Debug, Serialize)]
pub(super) struct All {}

/// A name with a value.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Prop {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns: Option<&'static str>,
    value: String,
}

impl Prop {
    /// Properties of ours.
    pub(super) fn list<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Vec<Self> {
        Self::of(Some(NAMESPACE), pairs)
    }

    /// Properties that OSCAL knows.
    pub(super) fn standard<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Vec<Self> {
        Self::of(None, pairs)
    }

    /// A value is one line without blanks around it, and not empty.
    fn of<'a>(
        ns: Option<&'static str>,
        pairs: impl IntoIterator<Item = (&'static str, &'a str)>,
    ) -> Vec<Self> {
        let prop = |(name, value): (&'static str, &str)| {
            let value = visible(value).trim().to_owned();
            (!value.is_empty()).then_some(Self { name, ns, value })
        };
        pairs.into_iter().filter_map(prop).collect()
    }
}

/// Something that was seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Observation {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) props: Vec<Prop>,
    pub(super) methods: [&'static str; 1],
    pub(super) types: [&'static str; 1],
    pub(super) origins: Vec<Origin>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) relevant_evidence: Vec<Piece>,
    pub(super) collected: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Origin {
    pub(super) actors: Vec<Actor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Actor {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) actor_uuid: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Subject {
    pub(super) subject_uuid: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// Where something was seen.
#[derive(Debug, Serialize)]
pub(super) struct Piece {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) href: Option<String>,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) props: Vec<Prop>,
}
