//! Shows on standard error how far the shop is: bars on a terminal, lines elsewhere.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::ledger::Counts;
use super::story::{Place, Story};
use crate::cli::{has_colours, shows_bars};

/// Between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(1);

pub(super) struct Progress {
    started: Instant,
    expected: Counts,
    display: Display,
}

enum Display {
    Bars { _all: MultiProgress, published: ProgressBar, places: [ProgressBar; 4] },
    Lines { last: Instant },
}

impl Progress {
    pub(super) fn start(story: &Story, endpoint: &str) -> Self {
        line(&format!("A hub in memory at {endpoint}, and {} orders.", story.orders.len()));
        let expected = Counts {
            published: story.orders.len(),
            processed: Place::ALL.map(|place| story.processable(place)),
        };
        let display = if shows_bars() { bars(&expected) } else { Display::Lines { last: Instant::now() } };
        Self { started: Instant::now(), expected, display }
    }

    pub(super) fn show(&mut self, counts: &Counts) {
        match &mut self.display {
            Display::Bars { published, places, .. } => {
                published.set_position(position(counts.published));
                for (bar, count) in places.iter().zip(counts.processed) {
                    bar.set_position(position(count));
                }
            }
            Display::Lines { last } if last.elapsed() >= LINE => {
                *last = Instant::now();
                self.print(counts);
            }
            Display::Lines { .. } => {}
        }
    }

    /// Shows the last state, which stays.
    pub(super) fn finish(&mut self, counts: &Counts) {
        self.show(counts);
        match &self.display {
            Display::Bars { published, places, .. } => {
                published.abandon();
                places.iter().for_each(ProgressBar::abandon);
            }
            Display::Lines { .. } => self.print(counts),
        }
        line("");
    }

    fn print(&self, counts: &Counts) {
        let mut text = format!(
            "{:4.1} s  published {}/{}",
            self.started.elapsed().as_secs_f64(),
            counts.published,
            self.expected.published
        );
        let places = Place::ALL.iter().zip(counts.processed).zip(self.expected.processed);
        for ((place, count), expected) in places {
            text.push_str(&format!(", {} {count}/{expected}", place.name()));
        }
        line(&text);
    }
}

fn bars(expected: &Counts) -> Display {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20));
    let bar = |name: &'static str, length: usize, colour: &str| {
        let colour = if has_colours() { colour } else { "" };
        let template = format!("{{prefix:>20}} {{bar:32{colour}}} {{pos:>5}}/{{len}}");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar =
            ProgressBar::new(position(length)).with_style(style.progress_chars("━╸ ")).with_prefix(name);
        all.add(bar)
    };
    let published = bar("published", expected.published, ".cyan");
    let mut lengths = expected.processed.iter().copied();
    let places = Place::ALL.map(|place| {
        let colour = match place {
            Place::DeadLetters => ".red",
            Place::Inventory | Place::Payment | Place::Shipping => ".green",
        };
        bar(place.name(), lengths.next().unwrap_or(0), colour)
    });
    Display::Bars { _all: all, published, places }
}

fn position(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Progress is not worth an error if nobody reads it.
fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
