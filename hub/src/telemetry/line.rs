//! Lines of the log: text for people, or JSON for programs.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{self, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    /// One object per line.
    Json,
}

impl Format {
    /// The format of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// JSON, with the fields of an event beside its time, level and target, and the trace that it belongs to if there is
/// one that is recorded.
pub(super) struct JsonLines(format::Format<Json>);

impl Default for JsonLines {
    fn default() -> Self {
        let plain = format::format().json().flatten_event(true);
        Self(plain.with_current_span(false).with_span_list(false))
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span = Context::map_current(|current| current.span().span_context().clone());
        if !span.is_sampled() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // The object is opened again for two more members.
        let members = line.trim_end().strip_suffix('}').unwrap_or_default();
        let (trace, span) = (span.trace_id(), span.span_id());
        writeln!(writer, r#"{members},"trace_id":"{trace}","span_id":"{span}"}}"#)
    }
}
