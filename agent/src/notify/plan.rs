//! Which notices are sent where, in which messages.

use super::channel::Channel;
use super::notice::{Notice, digest};

/// One message to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The name of the channel.
    pub(crate) channel: String,
    /// Follows from the channel and the keys: the same message that is sent again has the same id.
    pub(crate) id: String,
    /// Every notice that counts as told once this is sent, the most pressing ones first.
    pub(crate) notices: Vec<Notice>,
}

/// The messages that are due, by channel, in a fixed order. `already` says whether a channel was told of a key, or is being
/// told by a message that is still to be sent.
///
/// No message mixes notices of two runs: what is left of an earlier one is put together as it was then, and keeps its id.
pub(crate) fn plan(
    channels: &[Channel],
    notices: &[Notice],
    already: &dyn Fn(&str, &str) -> bool,
) -> Vec<Delivery> {
    let mut all = Vec::new();
    for channel in channels {
        let mut due: Vec<&Notice> = notices
            .iter()
            .filter(|notice| channel.on.contains(&notice.wanted) && !already(&notice.key, &channel.name))
            .collect();
        due.sort_by(|a, b| {
            let place = |notice: &Notice| (notice.at.clone(), notice.run.clone(), notice.wanted);
            place(a).cmp(&place(b)).then_with(|| a.target.cmp(&b.target)).then_with(|| a.key.cmp(&b.key))
        });
        due.dedup_by(|a, b| a.key == b.key);
        for of_run in due.chunk_by(|a, b| a.run == b.run) {
            let most = if channel.splits() { channel.batch.max(1) } else { of_run.len() };
            all.extend(of_run.chunks(most).map(|notices| {
                let keys = notices.iter().map(|notice| notice.key.as_str());
                Delivery {
                    channel: channel.name.clone(),
                    id: digest("delivery", std::iter::once(channel.name.as_str()).chain(keys)),
                    notices: notices.iter().map(|notice| (*notice).clone()).collect(),
                }
            }));
        }
    }
    all
}
