//! The first page: the numbers that a security team is asked for, and how they came to be.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::day;
use crate::export::Text;
use crate::review::Standing;
use crate::store::Summary;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/overview.html")]
struct Overview {
    frame: Frame,
    numbers: std::sync::Arc<Summary>,
    undecided: u64,
    waiting_for_second: u64,
    trend: Option<Trend>,
    last: Option<(Text, Text)>,
}

/// The numbers over the last runs, as a picture; a table beside it says the same.
#[derive(Debug)]
struct Trend {
    bars: Vec<Bar>,
}

/// One run.
#[derive(Debug)]
struct Bar {
    run: Text,
    day: Text,
    agentic: u64,
    undetermined: u64,
    others: u64,
    /// Where it stands and how high its parts are, in the units of the picture.
    x: u64,
    agentic_top: u64,
    agentic_height: u64,
    open_top: u64,
    open_height: u64,
    others_top: u64,
    others_height: u64,
}

/// Height of the picture, and how far one bar is from the next.
const HEIGHT: u64 = 120;
const STEP: u64 = 24;

impl Trend {
    fn of(numbers: &Summary) -> Option<Self> {
        let total = |run: &crate::store::AfterRun| run.agentic + run.undetermined + run.others;
        let most = numbers.trend.iter().map(total).max().filter(|most| *most > 0)?;
        let bars = numbers.trend.iter().zip(0..).map(|(run, at)| {
            // So that few are still seen.
            let height = |count: u64| (count * HEIGHT / most).max(u64::from(count > 0) * 2);
            let (agentic, open, others) = (height(run.agentic), height(run.undetermined), height(run.others));
            let agentic_top = HEIGHT.saturating_sub(agentic);
            let open_top = agentic_top.saturating_sub(open);
            Bar {
                run: Text::short(&run.run),
                day: day(&run.at),
                agentic: run.agentic,
                undetermined: run.undetermined,
                others: run.others,
                x: at * STEP,
                agentic_top,
                agentic_height: agentic,
                open_top,
                open_height: open,
                others_top: open_top.saturating_sub(others),
                others_height: others,
            }
        });
        Some(Self { bars: bars.collect() })
    }

    fn width(&self) -> u64 {
        STEP * u64::try_from(self.bars.len()).unwrap_or(1)
    }
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    site.expire().await?;
    let numbers = site.summary().await?;
    let of = |standing: Standing| numbers.standings.get(standing.name()).copied().unwrap_or(0);
    let last = numbers.trend.last().map(|run| (Text::short(&run.run), super::minute(&run.at)));
    frame::page(&Overview {
        frame: Frame::new("Overview", "/", &visitor),
        undecided: of(Standing::NeedsReview) + of(Standing::InReview),
        waiting_for_second: numbers.proposed,
        trend: Trend::of(&numbers),
        last,
        numbers,
    })
}
