//! Shows on a terminal how far a measurement is; elsewhere nothing.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::cli::{has_colours, shows_bars};

/// It goes away with this value.
pub(super) struct Progress {
    bar: ProgressBar,
    measured: Cell<Duration>,
    /// Whether what is being done is what is measured.
    counts: Cell<bool>,
}

impl Progress {
    /// For so much time to be measured in all. While other things are done the bar stands still.
    pub(super) fn new(total: Duration) -> Self {
        let target = if shows_bars() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let colour = if has_colours() { ".cyan" } else { "" };
        let template = format!("{{msg:>32}} {{bar:32{colour}}} {{elapsed}}");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(milliseconds(total)), target)
            .with_style(style.progress_chars("━╸ "))
            .with_finish(ProgressFinish::AndClear);
        Self { bar, measured: Cell::new(Duration::ZERO), counts: Cell::new(false) }
    }

    /// What is being done, and whether the bar moves meanwhile.
    pub(super) fn say(&self, what: String, counts: bool) {
        self.bar.set_message(what);
        self.counts.set(counts);
    }

    /// So much more was measured.
    pub(super) fn measured(&self, time: Duration) {
        self.measured.set(self.measured.get().saturating_add(time));
        self.bar.set_position(milliseconds(self.measured.get()));
    }

    /// What is being done has taken so long up to now.
    pub(super) fn look(&self, time: Duration) {
        let counted = if self.counts.get() { time } else { Duration::ZERO };
        self.bar.set_position(milliseconds(self.measured.get().saturating_add(counted)));
        self.bar.tick();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
