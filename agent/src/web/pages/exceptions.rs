//! What was rejected or put off, that which holds for the shortest time first.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::list::Row;
use crate::store::FOR_GOOD;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

/// Rows of a page.
const ROWS: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "site/exceptions.html")]
struct Exceptions {
    frame: Frame,
    rows: Vec<Row>,
    /// Where the next page begins.
    next: Option<String>,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    site.expire().await?;
    let after = after(query.as_deref())?;
    let (found, next) = site.store().exceptions(after.as_ref(), ROWS).await?;
    frame::page(&Exceptions {
        frame: Frame::new("Exceptions", "/exceptions", &visitor),
        rows: found.into_iter().map(|(one, of)| Row::new((one, of.review, of.revision))).collect(),
        next: next.map(|(day, system)| format!("after={day}.{system}")),
    })
}

/// The exception that a page begins after, as the page before names it.
fn after(query: Option<&str>) -> Result<Option<(String, i64)>, Wrong> {
    let mut given = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    given.find(|(name, _)| name == "after").map(|(_, after)| place(&after)).transpose()
}

/// The day and the number that stand for an exception.
pub(crate) fn place(text: &str) -> Result<(String, i64), Wrong> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Any text that is written like a day is before or after another one.
    let is_day = |day: &str| match day.split('-').collect::<Vec<_>>()[..] {
        [year, month, of_month] => {
            let within = |text: &str, most: u8| {
                text.len() == 2 && text.parse().is_ok_and(|number: u8| (1..=most).contains(&number))
            };
            year.len() == 4 && digits(year) && within(month, 12) && within(of_month, 31)
        }
        _ => day == FOR_GOOD,
    };
    let read = text.split_once('.').filter(|(day, system)| is_day(day) && digits(system));
    let read = read.and_then(|(day, system)| Some((day.to_owned(), system.parse().ok()?)));
    read.ok_or_else(|| Wrong::Unreadable("`after` is none that there is.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_day_and_a_number_stand_for_an_exception() {
        assert_eq!(place("2026-11-09.7"), Ok(("2026-11-09".to_owned(), 7)));
        assert_eq!(place("9999.7"), Ok(("9999".to_owned(), 7)));
        for wrong in [
            "",
            "0.5",
            "2026-11-09",
            "2026-11-32.7",
            "2026-13-01.7",
            "2026-11-09.-7",
            "2026-11-09.+7",
            "9999.",
            "x.7",
        ] {
            assert!(matches!(place(wrong), Err(Wrong::Unreadable(_))), "{wrong}");
        }
    }
}
