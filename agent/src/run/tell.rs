//! Tells the channels what happened. A delivery is written down before it is sent and marked after it, so that nothing that is known
//! to have arrived is sent again, and what may have arrived is sent again under the same id.

use crate::clock;
use crate::history::{self, Difference};
use crate::notify::{self, Channel, Delivery, Notice, Patience, Sender};
use crate::store::{Event, Happened, Run, Standing, StoreError};
use crate::watch::RunReport;

use super::Runner;

/// Events that are read at once.
const AT_ONCE: i64 = 2_000;

/// Tells all channels what they have not been told yet, and that these targets failed.
pub(super) async fn tell(runner: &Runner, run: &Run, failed: &[String], report: &mut RunReport) {
    for channel in &runner.channels {
        if let Err(error) = channel_of(runner, channel, run, failed, report).await {
            report.faults.push(format!("the channel `{}` could not be told: {error}", channel.name));
        }
    }
}

async fn channel_of(
    runner: &Runner,
    channel: &Channel,
    run: &Run,
    failed: &[String],
    report: &mut RunReport,
) -> Result<(), StoreError> {
    let sender = match Sender::try_new(channel, Patience::default(), &runner.variable) {
        Ok(sender) => sender,
        Err(error) => {
            report.faults.push(error);
            return Ok(());
        }
    };
    let mut heard = runner.store.heard(&channel.name).await?;
    let failed = failed.iter().map(|target| notify::run_failed(&run.name, &run.started_at, target));
    let mut notices: Vec<Notice> = failed.collect();
    loop {
        let happened = runner.store.happened_after(heard, AT_ONCE).await?;
        let last = happened.last().map(|event| event.number);
        notices.extend(of_events(happened));
        if !deliver(runner, channel, &sender, &std::mem::take(&mut notices), report).await? {
            // It is due until the next run.
            return Ok(());
        }
        match last {
            Some(number) => {
                runner.store.has_heard(&channel.name, number).await?;
                heard = number;
            }
            None => return Ok(()),
        }
    }
}

/// Sends what is due. Gives whether nothing is left to be sent.
async fn deliver(
    runner: &Runner,
    channel: &Channel,
    sender: &Sender,
    notices: &[Notice],
    report: &mut RunReport,
) -> Result<bool, StoreError> {
    let ledger = runner.store.ledger(&channel.name).await?;
    let already =
        |key: &str, _: &str| ledger.get(key).is_some_and(|(standing, _)| *standing != Standing::Pending);
    let mut all = true;
    for delivery in notify::plan(std::slice::from_ref(channel), notices, &already) {
        let Delivery { id, notices, .. } = &delivery;
        let keys: Vec<String> = notices.iter().map(|notice| notice.key.clone()).collect();
        let stands =
            async |standing| runner.store.stands(&channel.name, id, &keys, standing, &clock::now()).await;
        stands(Standing::Pending).await?;
        let count = keys.len() as u64;
        match sender.send(&delivery).await {
            Ok(()) => {
                stands(Standing::Sent).await?;
                report.notices_sent += count;
            }
            Err(error) => {
                report.notices_failed += count;
                report.faults.push(error.to_string());
                if error.is_worth_another_try() {
                    all = false;
                } else {
                    stands(Standing::Refused).await?;
                }
            }
        }
    }
    Ok(all)
}

/// The notices of events, run by run.
fn of_events(happened: Vec<Happened>) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut happened = happened.into_iter().peekable();
    while let Some(first) = happened.next() {
        let (run, at) = (first.run.clone(), first.at.clone());
        let mut difference = Difference {
            schema: history::SCHEMA,
            before: String::new(),
            after: at.clone(),
            same_rules: first.same_rules,
            systems: Vec::new(),
            present: 0,
            less_seen: Vec::new(),
            more_seen: Vec::new(),
            components: Vec::new(),
            base: None,
        };
        let mut next = Some(first);
        while let Some(one) = next {
            match one.event {
                Event::System(entry) => difference.systems.push(entry),
                Event::Coverage(less) => difference.less_seen.push(less),
            }
            next = happened.next_if(|one| one.run == run);
        }
        notices.extend(notify::notices(&run, &at, &difference));
    }
    notices
}
