//! Two measurements in turns, and the median of the ratios between them.
//!
//! A machine is faster one minute and slower the next. What is measured close together meets the same machine, so the
//! ratio of a pair says more than either figure, and the median of several ratios more than one.

use serde::Serialize;

use super::figures::{Figures, rounded};

/// The medians of what was measured in pairs.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Comparison {
    #[serde(flatten)]
    pub(super) figures: Figures,
    pub(super) against: Figures,
    pub(super) ratios: Ratios,
    pairs: usize,
}

/// The first as a part of the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Ratios {
    pub(super) requests: f64,
    pub(super) messages: f64,
    /// Of the time that a request takes of the processors; none if one of them is not known.
    pub(super) cpu: Option<f64>,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Comparison {
    /// None if there is no pair.
    pub(super) fn of(pairs: &[(Figures, Figures)]) -> Option<Self> {
        let firsts = pairs.iter().map(|(first, _)| first).collect::<Vec<_>>();
        let seconds = pairs.iter().map(|(_, second)| second).collect::<Vec<_>>();
        let ratio = |figure: fn(&Figures) -> f64| {
            median(pairs.iter().map(|(first, second)| figure(first) / figure(second)))
        };
        let cpu = pairs.iter().map(|(first, second)| {
            first.cpu_us_per_request.zip(second.cpu_us_per_request).map(|(first, second)| first / second)
        });
        let ratios = Ratios {
            requests: rounded(ratio(|it| it.requests_per_s)?),
            messages: rounded(ratio(|it| it.messages_per_s)?),
            cpu: cpu.collect::<Option<Vec<_>>>().and_then(median).map(rounded),
            p50: rounded(ratio(|it| it.p50_ms)?),
            p99: rounded(ratio(|it| it.p99_ms)?),
        };
        Some(Self { figures: medians(&firsts)?, against: medians(&seconds)?, ratios, pairs: pairs.len() })
    }

    /// The table for people: both, and their ratios.
    pub(super) fn lines(&self) -> Vec<String> {
        let Ratios { requests, messages, cpu, p50, p99 } = self.ratios;
        let ratio = |name: &str| match name {
            "requests/s" => Some(requests),
            "messages/s" => Some(messages),
            "median" => Some(p50),
            "p99" => Some(p99),
            "CPU per request" => cpu,
            _ => None,
        };
        let mut lines = vec![self.figures.title(), format!("against {}", self.against.title())];
        for ((name, first), (_, second)) in self.figures.rows().into_iter().zip(self.against.rows()) {
            let ratio = ratio(name).map_or_else(String::new, |ratio| format!("{ratio:>10.3}"));
            lines.push(format!("{name:<16}{first:>16}{second:>16}{ratio}").trim_end().to_owned());
        }
        lines.push(format!("medians of {} pairs", self.pairs));
        lines
    }
}

/// The median of each figure; errors are added up.
fn medians(all: &[&Figures]) -> Option<Figures> {
    let of = |figure: fn(&Figures) -> f64| median(all.iter().map(|it| figure(it))).map(rounded);
    let cpu = all.iter().map(|it| it.cpu_us_per_request).collect::<Option<Vec<_>>>();
    let bytes = |figure: fn(&Figures) -> Option<u64>| {
        let mut bytes = all.iter().map(|it| figure(it)).collect::<Option<Vec<_>>>()?;
        bytes.sort_unstable();
        bytes.get(bytes.len().div_euclid(2)).copied()
    };
    Some(Figures {
        requests_per_s: of(|it| it.requests_per_s)?,
        messages_per_s: of(|it| it.messages_per_s)?,
        p50_ms: of(|it| it.p50_ms)?,
        p99_ms: of(|it| it.p99_ms)?,
        p999_ms: of(|it| it.p999_ms)?,
        max_ms: of(|it| it.max_ms)?,
        errors: all.iter().map(|it| it.errors).sum(),
        first_error: all.iter().find_map(|it| it.first_error.clone()),
        cpu_us_per_request: cpu.and_then(median).map(rounded),
        rss_bytes: bytes(|it| it.rss_bytes),
        bytes_per_connection: bytes(|it| it.bytes_per_connection),
        ..(*all.first()?).clone()
    })
}

/// The value in the middle, or between the two in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values = values.into_iter().collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    let middle = values.len().div_euclid(2);
    let upper = *values.get(middle)?;
    match values.len() % 2 {
        0 => Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, upper)),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests;
