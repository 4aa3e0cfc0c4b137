//! Channels are checked as if something were sent to them, which it is not.

use toml::Spanned;
use toml::de::DeValue;

use super::shape::Fault;
use crate::notify::{Channel, Sender, Unusable};
use crate::secret::Variables;

/// What stops channels from being told anything, each at the key that is at fault. `file` is what they were read from.
pub(super) fn faults(channels: &[Channel], file: &DeValue<'_>, variables: Variables<'_>) -> Vec<Fault> {
    let tables = file.get("notify").and_then(|tables| tables.get_ref().as_array());
    let fault = |(channel, table): (&Channel, &Spanned<DeValue<'_>>)| {
        let Unusable { key, what } = Sender::check(channel, variables).err()?;
        Some(Fault {
            at: table.get_ref().get(key).map_or_else(|| table.span(), Spanned::span),
            what: format!("`notify.{key}` {what}"),
            help: "`muster config schema` says what the keys of a channel take".to_owned(),
        })
    };
    channels.iter().zip(tables.into_iter().flatten()).filter_map(fault).collect()
}
