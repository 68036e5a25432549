//! What the hub tells of its work: lines on standard error, and traces for whoever collects them.
//!
//! Both come from the same macros of `tracing`, and each takes its own part: the log takes events and no spans, traces
//! take the spans of `span` and nothing else. So a hub without a collector makes no span at all, whatever it logs.

mod collector;
mod line;
pub(crate) mod span;
mod traces;
mod variables;

pub(crate) use line::Format;
pub(crate) use traces::Traces;

use std::io;

use line::JsonLines;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

/// What is logged, and how.
pub(crate) struct Log {
    pub(crate) filter: EnvFilter,
    pub(crate) format: Format,
    pub(crate) has_colours: bool,
}

/// Starts to tell. Only the first call in a process counts, which matters to tests alone.
pub(crate) fn start(log: Log, traces: Option<&Traces>) {
    let _ = subscriber(log, traces).try_init();
}

fn subscriber(log: Log, traces: Option<&Traces>) -> Dispatch {
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(log.has_colours);
    let lines = match log.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.event_format(JsonLines::default()).boxed(),
    };
    // With its hint, the levels that the filter leaves out still cost nothing.
    let no_spans =
        filter_fn(|metadata: &Metadata<'_>| !metadata.is_span()).with_max_level_hint(LevelFilter::TRACE);
    let lines = lines.with_filter(log.filter.and(no_spans));
    // An absent layer would count as one that wants everything, spans among it.
    match traces {
        Some(traces) => registry().with(lines).with(traces.layer()).into(),
        None => registry().with(lines).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn without_a_collector_there_are_no_spans_and_nothing_finer_than_the_log() {
        for (filter, logs_debug) in [("warn,fanq=info", false), ("fanq=debug", true), ("trace", true)] {
            let filter = EnvFilter::new(filter);
            let log = Log { filter, format: Format::Json, has_colours: false };
            tracing::dispatcher::with_default(&subscriber(log, None), || {
                assert!(span::commit(&[]).is_disabled());
                assert_eq!(tracing::event_enabled!(Level::DEBUG), logs_debug);
            });
        }
    }
}
