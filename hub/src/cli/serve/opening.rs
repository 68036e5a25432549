//! Opens the hub behind its door, and shows on standard error how far it is: a bar on a terminal, lines elsewhere.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::info;

use crate::cli::{Error, has_colours, shows_bars};
use crate::door::Door;
use crate::hub::{Holdings, Hub};
use crate::storage::store::Progress;

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A start that takes no longer is not worth a word.
const QUICK: Duration = Duration::from_secs(1);

/// Between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(2);

/// Opens the hub on a thread that may wait for the disk, and lets requests through to it.
pub(super) async fn open(door: &Arc<Door>) -> Result<Arc<Hub>, Error> {
    let started = Instant::now();
    let opening = Arc::clone(door);
    let mut work =
        tokio::task::spawn_blocking(move || Hub::open(opening.settings().clone(), opening.progress()));
    let mut display = Display::new(started);
    let mut look = tokio::time::interval(LOOK);
    let opened = loop {
        tokio::select! {
            opened = &mut work => break opened,
            _ = look.tick() => display.show(door.progress()),
        }
    };
    display.end();
    let hub = match opened {
        Ok(Ok(hub)) => hub,
        Ok(Err(error)) => return Err(Error::Failed(error.to_string())),
        Err(error) => return Err(Error::Failed(format!("cannot start the hub: {error}"))),
    };
    if !hub.settings.in_memory {
        let Holdings { queues, topics, messages, recovery } = hub.recovered;
        let (folder, seconds) = (hub.settings.data_dir.display(), started.elapsed().as_secs_f64());
        info!(
            checkpoint_bytes = recovery.checkpoint_bytes,
            replayed_bytes = recovery.replayed_bytes,
            replayed_entries = recovery.entries,
            "opened {folder} in {seconds:.2} s: {}, {}, {}",
            counted(queues as u64, "queue"),
            counted(topics as u64, "topic"),
            counted(messages, "message")
        );
    }
    door.open(Arc::clone(&hub));
    Ok(hub)
}

fn counted(count: u64, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

enum Display {
    Bar(ProgressBar),
    Lines { started: Instant, next: Duration },
}

impl Display {
    fn new(started: Instant) -> Self {
        if shows_bars() { Self::Bar(bar()) } else { Self::Lines { started, next: QUICK } }
    }

    fn show(&mut self, progress: &Progress) {
        let (done, total) = (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
        match self {
            Self::Bar(bar) if total > 0 => {
                bar.set_length(total);
                bar.set_position(done);
            }
            Self::Bar(_) => {}
            Self::Lines { started, next } if started.elapsed() >= *next => {
                *next = started.elapsed().saturating_add(LINE);
                info!("reading the log: {} of {} MiB", mebibytes(done), mebibytes(total));
            }
            Self::Lines { .. } => {}
        }
    }

    fn end(self) {
        match self {
            Self::Bar(bar) => bar.finish_and_clear(),
            Self::Lines { .. } => {}
        }
    }
}

/// A bar that is drawn when it has something to show.
fn bar() -> ProgressBar {
    let colour = if has_colours() { ".cyan" } else { "" };
    let template = format!("{{prefix:>20}} {{bar:32{colour}}} {{bytes}}/{{total_bytes}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20))
        .with_style(style.progress_chars("━╸ "))
        .with_prefix("reading the log")
}

/// The whole mebibytes in a number of bytes.
fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "queue")), ["0 queues", "1 queue", "2 queues"]);
    }
}
