//! The table at the end, and what the check has found.

use std::fmt::Write;
use std::time::Duration;

use crate::cli::print_line;

use super::check::{Claim, Problem};
use super::ledger::Seen;
use super::story::{Place, Story};
use super::traffic::PRODUCERS;

/// Of the problems of one claim, so many are shown.
const PROBLEMS_SHOWN: usize = 5;

pub(super) fn print(story: &Story, seen: &Seen, problems: &[Problem]) {
    print_line(&render(story, seen, problems));
}

fn render(story: &Story, seen: &Seen, problems: &[Problem]) -> String {
    let mut text = table(story, seen);
    text.push('\n');
    for claim in Claim::ALL {
        let found: Vec<&Problem> = problems.iter().filter(|problem| problem.claim == claim).collect();
        let verdict = if found.is_empty() { "ok    " } else { "FAILED" };
        let _ = writeln!(text, "{verdict}  {}", claim.text());
        for problem in found.iter().take(PROBLEMS_SHOWN) {
            let _ = writeln!(text, "          {}", problem.what);
        }
        if found.len() > PROBLEMS_SHOWN {
            let _ = writeln!(text, "          and {} more", found.len() - PROBLEMS_SHOWN);
        }
    }
    text.push('\n');
    text.push_str(&throughput(seen));
    text
}

fn table(story: &Story, seen: &Seen) -> String {
    let mut text = format!(
        "{:<21} {:<31} {:>8} {:>6} {:>9} {:>10}\n",
        "queue", "takes", "expected", "came", "processed", "deliveries"
    );
    for place in Place::ALL {
        let _ = writeln!(
            text,
            "{:<21} {:<31} {:>8} {:>6} {:>9} {:>10}",
            place.name(),
            place.purpose(),
            story.expected(place),
            seen.came(place),
            seen.processed(place),
            seen.received(place)
        );
    }
    text
}

fn throughput(seen: &Seen) -> String {
    let received: usize = Place::ALL.iter().map(|place| seen.received(*place)).sum();
    format!(
        "{} orders published by {PRODUCERS} producers in {:.2} s, {} per second; \
         {received} deliveries in {:.2} s, {} per second",
        seen.published,
        seen.publishing.as_secs_f64(),
        per_second(seen.published, seen.publishing),
        seen.processing.as_secs_f64(),
        per_second(received, seen.processing),
    )
}

fn per_second(count: usize, time: Duration) -> u128 {
    let count = u128::try_from(count).unwrap_or(u128::MAX);
    count.saturating_mul(1_000_000) / time.as_micros().max(1)
}
