//! A call as it is told of: a span while it runs, a line in the log when it is answered.

use std::time::Instant;

use tracing::{Level, Span, debug, event_enabled};

use super::{Call, Fault, Head};
use crate::auth::Caller;
use crate::telemetry::span;

/// A call under observation.
pub(super) struct Observed {
    pub(super) span: Span,
    line: Option<Line>,
}

/// What a line needs besides the call; there is none unless somebody reads it.
struct Line {
    begun: Instant,
    account: Option<String>,
}

impl Observed {
    pub(super) fn begin(call: &Call<'_>, head: &Head<'_>, caller: Option<&Caller>) -> Self {
        let span = span::request(&span::Request {
            service: call.service,
            action: call.action,
            id: call.id.as_str(),
            method: head.method.as_str(),
            headers: head.headers,
        });
        let line = event_enabled!(Level::DEBUG)
            .then(|| Line { begun: Instant::now(), account: caller.map(|caller| caller.account.clone()) });
        Self { span, line }
    }

    pub(super) fn end(self, call: &Call<'_>, fault: Option<&Fault>) {
        span::answered(&self.span, fault);
        let Some(Line { begun, account }) = self.line else {
            return;
        };
        let _within = self.span.enter();
        debug!(
            service = call.service.name(),
            action = call.action,
            account,
            status = fault.map_or(200, |fault| fault.code().status().as_u16()),
            error = fault.map(|fault| tracing::field::debug(fault.code())),
            request_id = call.id.as_str(),
            duration_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}
