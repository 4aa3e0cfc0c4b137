//! What a scan found, held as small as it can be: a system is unpacked when somebody looks at it, so that what a thousand
//! repositories have is never in memory at once.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::marker::PhantomData;
use std::sync::Arc;

use asmm_model::{
    Component, Coverage, Identity, Inventory, Proposal, Register, SCHEMA, Scan, System, SystemKind, Verdict,
};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::correlate::{self, Correlated, Decided, Joined, Meets};
use crate::store::{Loose, Seen, StoreError};

/// The inventory of a scan. Copies share what is packed.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) scan: Scan,
    pub(crate) coverage: Vec<Coverage>,
    pub(crate) register: Option<Register>,
    /// What needs a look first, first.
    systems: Vec<Glance>,
    /// What belongs to no system, target by target.
    components: Vec<(String, Packed<Vec<Component>>)>,
    identities: Vec<Identity>,
    proposals: Vec<Proposal>,
}

/// What one target showed.
pub(super) struct Shown {
    systems: Vec<Glance>,
    components: Option<Packed<Vec<Component>>>,
    identities: Vec<Identity>,
}

/// A system, and what is asked of it without a look at all of it.
#[derive(Clone)]
pub(crate) struct Glance {
    pub(crate) verdict: Verdict,
    pub(crate) is_flagged: bool,
    /// The target among those of the scan, where there are several.
    target: Option<String>,
    kind: SystemKind,
    priority: u32,
    root: String,
    name: String,
    meets: Meets,
    whole: Packed<System>,
}

impl Glance {
    fn of(system: &System) -> serde_json::Result<Self> {
        Ok(Self {
            verdict: system.verdict,
            is_flagged: system.is_flagged(),
            target: system.target.clone(),
            kind: system.kind,
            priority: system.priority,
            root: system.root.clone(),
            name: system.name.clone(),
            meets: Meets::of(system),
            whole: Packed::of(system)?,
        })
    }

    fn system(&self) -> serde_json::Result<System> {
        Ok(System { id: self.meets.id.clone(), ..self.whole.open()? })
    }

    /// As [`System::order`].
    fn order(&self, other: &Self) -> Ordering {
        let other_key = (&other.root, &other.name, &other.target, &other.meets.id);
        let key = (&self.root, &self.name, &self.target, &self.meets.id);
        other.priority.cmp(&self.priority).then_with(|| key.cmp(&other_key))
    }
}

impl Shown {
    /// Whether there is nothing in it.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.systems.is_empty() && self.components.is_none() && self.identities.is_empty()
    }

    /// Of what one of `several` targets showed, or the only one.
    pub(super) fn of(correlated: Correlated) -> serde_json::Result<Self> {
        let Correlated { systems, components, identities } = correlated;
        let systems = systems.iter().map(Glance::of).collect::<serde_json::Result<_>>()?;
        let components = if components.is_empty() { None } else { Some(Packed::of(&components)?) };
        Ok(Self { systems, components, identities })
    }
}

impl Found {
    /// What each target showed, by the name of the target.
    pub(super) fn of(scan: Scan, coverage: Vec<Coverage>, shown: BTreeMap<String, Shown>) -> Self {
        let mut found = Self {
            scan,
            coverage,
            register: None,
            systems: Vec::new(),
            components: Vec::new(),
            identities: Vec::new(),
            proposals: Vec::new(),
        };
        let mut taken = HashSet::new();
        for (target, Shown { systems, components, identities }) in shown {
            for mut system in systems {
                // The first target by name keeps the plain id: it is the one that a scan of that target alone gives.
                if !taken.insert(system.meets.id.clone()) {
                    let other = correlate::id_beside(system.kind, &system.root, &system.name, &target);
                    taken.insert(other.clone());
                    system.meets.id = other;
                }
                found.systems.push(system);
            }
            found.components.extend(components.map(|components| (target, components)));
            found.identities.extend(identities);
        }
        found.systems.sort_by(Glance::order);
        found
    }

    /// What is in an inventory of one target.
    #[cfg(test)]
    pub(crate) fn packed(inventory: Inventory) -> serde_json::Result<Self> {
        let Inventory { scan, coverage, systems, components, identities, .. } = inventory;
        let target = scan.targets[0].target.clone();
        let shown = Shown::of(Correlated { systems, components, identities })?;
        Ok(Self::of(scan, coverage, BTreeMap::from([(target, shown)])))
    }

    /// The systems, each as much as can be told without unpacking it.
    pub(crate) fn systems(&self) -> &[Glance] {
        &self.systems
    }

    /// The same, in which what was seen from several sides is one system: as [`correlate::joined`].
    ///
    /// # Errors
    /// Where something packed cannot be unpacked.
    pub(crate) fn joined(self, decided: &Decided) -> serde_json::Result<Self> {
        let Self { scan, coverage, register, systems, components, identities, .. } = self;
        let meets: Vec<&Meets> = systems.iter().map(|system| &system.meets).collect();
        let meeting = correlate::meeting(&meets, &identities, decided);
        let mut alone = Vec::new();
        let mut met = Vec::new();
        for (at, system) in systems.into_iter().enumerate() {
            if meeting.contains(&at) { met.push(system.system()?) } else { alone.push(system) }
        }
        let Joined { systems, identities, proposals } = correlate::join(met, identities, decided);
        for system in systems {
            alone.push(Glance::of(&system)?);
        }
        alone.sort_by(Glance::order);
        Ok(Self { scan, coverage, register, systems: alone, components, identities, proposals })
    }

    /// All of it, unpacked.
    ///
    /// # Errors
    /// Where something packed cannot be unpacked.
    pub(crate) fn whole(&self) -> serde_json::Result<Inventory> {
        let systems = self.systems.iter().map(Glance::system).collect::<serde_json::Result<_>>()?;
        let mut components = Vec::new();
        for (_, of_target) in &self.components {
            components.extend(of_target.open()?);
        }
        Ok(Inventory {
            schema: SCHEMA.to_owned(),
            scan: self.scan.clone(),
            coverage: self.coverage.clone(),
            systems,
            components,
            identities: self.identities.clone(),
            proposals: self.proposals.clone(),
            register: self.register.clone(),
        })
    }

    /// What it says of each of its targets, one after the other; `known_by` gives the key and the place of a target.
    ///
    /// # Errors
    /// Each where something packed cannot be unpacked.
    pub(crate) fn each(
        self,
        known_by: impl Fn(&str) -> (String, String),
    ) -> impl Iterator<Item = Result<Seen, StoreError>> {
        let only = (self.scan.targets.len() == 1).then(|| self.scan.targets[0].target.clone());
        let mut commits: HashMap<String, Option<String>> =
            self.scan.targets.into_iter().map(|target| (target.target, target.commit)).collect();
        let mut systems: HashMap<String, Vec<Glance>> = HashMap::new();
        for system in self.systems {
            if let Some(target) = system.target.clone().or_else(|| only.clone()) {
                systems.entry(target).or_default().push(system);
            }
        }
        let mut components: HashMap<_, _> = self.components.into_iter().collect();
        let mut identities: HashMap<String, Vec<Identity>> = HashMap::new();
        for identity in self.identities {
            let named = identity.evidence.iter().find_map(|evidence| evidence.place.target.clone());
            if let Some(target) = named.or_else(|| only.clone()) {
                identities.entry(target).or_default().push(identity);
            }
        }
        self.coverage.into_iter().map(move |coverage| {
            let target = coverage.target.as_str();
            let (key, place) = known_by(target);
            let of_target = systems.remove(target).unwrap_or_default();
            let loose = Loose {
                components: components.remove(target).map_or(Ok(Vec::new()), |packed| packed.open())?,
                identities: identities.remove(target).unwrap_or_default(),
            };
            let systems = of_target.iter().map(Glance::system).collect::<Result<_, _>>()?;
            let commit = commits.remove(target).flatten();
            Ok(Seen { key, place, commit, coverage, systems, loose }.of_one_target())
        })
    }
}

impl Serialize for Found {
    /// As an [`Inventory`], of which one system at a time is in memory.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'f> {
            schema: &'static str,
            scan: &'f Scan,
            coverage: &'f [Coverage],
            #[serde(serialize_with = "systems")]
            systems: &'f [Glance],
            #[serde(serialize_with = "components")]
            components: &'f [(String, Packed<Vec<Component>>)],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            identities: &'f [Identity],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            proposals: &'f [Proposal],
            #[serde(skip_serializing_if = "Option::is_none")]
            register: Option<&'f Register>,
        }
        let Self { scan, coverage, register, systems, components, identities, proposals } = self;
        let register = register.as_ref();
        Document { schema: SCHEMA, scan, coverage, systems, components, identities, proposals, register }
            .serialize(serializer)
    }
}

fn systems<S: Serializer>(systems: &&[Glance], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    for system in *systems {
        list.serialize_element(&system.system().map_err(S::Error::custom)?)?;
    }
    list.end()
}

fn components<S: Serializer>(
    components: &&[(String, Packed<Vec<Component>>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    for (_, of_target) in *components {
        for component in of_target.open().map_err(S::Error::custom)? {
            list.serialize_element(&component)?;
        }
    }
    list.end()
}

/// A value as compressed JSON.
struct Packed<T> {
    bytes: Arc<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Packed<T> {
    fn clone(&self) -> Self {
        Self { bytes: Arc::clone(&self.bytes), of: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    fn of(value: &T) -> serde_json::Result<Self> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Whole, since many small pieces cost more than all the rest.
        let text = serde_json::to_vec(value)?;
        let bytes = encoder.write_all(&text).and_then(|()| encoder.finish());
        Ok(Self { bytes: bytes.map_err(serde_json::Error::io)?.into(), of: PhantomData })
    }

    fn open(&self) -> serde_json::Result<T> {
        let mut text = Vec::new();
        DeflateDecoder::new(&*self.bytes).read_to_end(&mut text).map_err(serde_json::Error::io)?;
        serde_json::from_slice(&text)
    }
}
