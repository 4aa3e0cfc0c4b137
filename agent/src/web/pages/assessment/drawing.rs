//! Ratings as pictures: six domains as a radar and as bars, and one over time; a table says the same wherever one of them stands.

use std::fmt::Write as _;

use asmm_model::assessment::{DomainRating, Fraction};

use super::{hundredths, number};
use crate::export::Text;

/// Where the axes of a radar point, in thousandths, the first one up; the structure has six domains, always.
const AXES: [(i64, i64); 6] = [(0, -1000), (866, -500), (866, 500), (0, 1000), (-866, 500), (-866, -500)];
/// From the middle of the radar to level 5.
const RADIUS: i64 = 100;
/// From the middle of the radar to the edge of the picture, sideways and upwards.
pub(super) const MIDDLE: (i64, i64) = (150, 130);
/// From level 1 to level 5 of a bar.
const LENGTH: i64 = 240;
/// Where bars begin.
const LEFT: i64 = 30;
/// From one bar to the next.
const STEP: i64 = 30;

/// The domains around a middle, which is 0; each ring is a level.
#[derive(Debug)]
pub(super) struct Radar {
    pub(super) rings: Vec<String>,
    pub(super) axes: Vec<Axis>,
    /// The shape of the scores, where every domain has one.
    pub(super) shape: Option<String>,
    /// Between neighbours that have one, where not all do.
    pub(super) edges: Vec<[(i64, i64); 2]>,
}

/// One domain of a radar.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) id: Text,
    pub(super) end: (i64, i64),
    pub(super) label: (i64, i64),
    pub(super) score: String,
    pub(super) point: Option<(i64, i64)>,
}

impl Radar {
    pub(super) fn of(domains: &[DomainRating]) -> Self {
        let points: Vec<Option<(i64, i64)>> = (domains.iter().zip(AXES))
            .map(|(domain, axis)| domain.score.map(|score| on(axis, hundredths(score) * RADIUS / 500)))
            .collect();
        let axes = domains.iter().zip(AXES).zip(&points).map(|((domain, axis), point)| Axis {
            id: Text::short(&domain.id),
            end: on(axis, RADIUS),
            label: on(axis, RADIUS + 14),
            score: number(domain.score),
            point: *point,
        });
        let all: Option<Vec<(i64, i64)>> = points.iter().copied().collect();
        let neighbours = points.iter().copied().zip(points.iter().copied().cycle().skip(1));
        Self {
            rings: (1..=5).map(|level| path(&AXES.map(|axis| on(axis, RADIUS * level / 5)))).collect(),
            edges: match all {
                Some(_) => Vec::new(),
                None => neighbours.filter_map(|(from, to)| Some([from?, to?])).collect(),
            },
            shape: all.map(|points| path(&points)),
            axes: axes.collect(),
        }
    }
}

/// So far from the middle on an axis.
fn on((x, y): (i64, i64), far: i64) -> (i64, i64) {
    (MIDDLE.0 + x * far / 1000, MIDDLE.1 + y * far / 1000)
}

fn path(points: &[(i64, i64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x} {y}", if at == 0 { "M" } else { "L" });
    }
    path + "Z"
}

/// The domains below one another, from level 1 to level 5.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) rows: Vec<Bar>,
    /// Where each level is.
    pub(super) ticks: Vec<(u8, i64)>,
    pub(super) height: i64,
}

/// One domain of the bars.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) id: Text,
    pub(super) y: i64,
    pub(super) score: String,
    pub(super) low: String,
    pub(super) high: String,
    /// From where to where what was not assessed leaves it open.
    pub(super) open: Option<(i64, i64)>,
    /// Where the score is.
    pub(super) at: Option<i64>,
}

impl Bar {
    /// How long the bar of the score is. Level 1 is where bars begin, and is seen all the same.
    pub(super) fn length(&self) -> i64 {
        self.at.map_or(0, |at| (at - LEFT).max(3))
    }
}

impl Bars {
    pub(super) const WIDTH: i64 = LEFT + LENGTH + 20;
    pub(super) const LEFT: i64 = LEFT;

    pub(super) fn of(domains: &[DomainRating]) -> Self {
        let rows: Vec<Bar> = (domains.iter().zip(0_i64..))
            .map(|(domain, n)| Bar {
                id: Text::short(&domain.id),
                y: 8 + n * STEP,
                score: number(domain.score),
                low: number(domain.low),
                high: number(domain.high),
                open: domain.low.zip(domain.high).map(|(low, high)| (along(low), along(high) - along(low))),
                at: domain.score.map(along),
            })
            .collect();
        let height = STEP * i64::try_from(rows.len()).unwrap_or(0) + 24;
        let ticks = (1..=5_u8).map(|level| (level, along(Fraction::whole(u64::from(level)))));
        Self { rows, ticks: ticks.collect(), height }
    }
}

/// Where a number from 1 to 5 is on a bar.
fn along(value: Fraction) -> i64 {
    LEFT + (hundredths(value) - 100).clamp(0, 400) * LENGTH / 400
}

/// One number over time.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it goes, broken where there was none.
    pub(super) path: String,
    pub(super) points: Vec<(i64, i64)>,
    pub(super) width: i64,
}

impl Line {
    /// How high it is.
    pub(super) const HEIGHT: i64 = 32;

    pub(super) fn of(scores: &[Option<Fraction>]) -> Self {
        let (mut path, mut points, mut is_broken) = (String::new(), Vec::new(), true);
        for (score, n) in scores.iter().zip(0_i64..) {
            let Some(score) = score else {
                is_broken = true;
                continue;
            };
            let (x, y) = (6 + n * 18, 28 - (hundredths(*score) - 100).clamp(0, 400) * 24 / 400);
            let _ = write!(path, "{}{x} {y}", if is_broken { "M" } else { "L" });
            points.push((x, y));
            is_broken = false;
        }
        Self { path, points, width: 18 * i64::try_from(scores.len()).unwrap_or(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(id: &str, score: Option<(i128, i128)>) -> DomainRating {
        DomainRating {
            id: id.to_owned(),
            score: score.and_then(|(above, below)| Fraction::new(above, below)),
            coverage: None,
            low: Some(Fraction::whole(1)),
            high: Some(Fraction::whole(5)),
            band: None,
            capped_by: Vec::new(),
            assessed: 0,
            applicable: 1,
        }
    }

    #[test]
    fn a_domain_without_a_score_leaves_a_gap() {
        let mut domains = ["GV", "ID", "PR", "DE", "RS", "RC"].map(|id| rated(id, Some((5, 2))));
        let whole = Radar::of(&domains);
        assert_eq!(whole.shape.as_deref(), Some("M150 80L193 105L193 155L150 180L107 155L107 105Z"));
        assert_eq!(whole.edges.len(), 0);
        domains[2] = rated("PR", None);
        let open = Radar::of(&domains);
        assert_eq!((open.shape, open.edges.len()), (None, 4));
        let bars = Bars::of(&domains);
        assert_eq!((bars.rows[0].length(), bars.rows[2].length()), (LENGTH * 3 / 8, 0));
        let scores = [Some(Fraction::whole(1)), None, Some(Fraction::whole(5)), Some(Fraction::whole(3))];
        assert_eq!(Line::of(&scores).path, "M6 28M42 4L60 16");
    }
}
