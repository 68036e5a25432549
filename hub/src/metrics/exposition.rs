//! The text format of Prometheus, version 0.0.4: families of series, one line each.

use super::histogram::Reading;
use super::table::{Family, Kind};
use std::fmt::{Display, Write as _};

/// The labels of a series, as they stand between the braces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels(String);

impl Labels {
    pub(super) fn of(names: &[&str], values: &[&str]) -> Self {
        let mut text = String::new();
        for (name, value) in names.iter().zip(values) {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name);
            text.push_str("=\"");
            for character in value.chars() {
                match character {
                    '\\' => text.push_str("\\\\"),
                    '"' => text.push_str("\\\""),
                    '\n' => text.push_str("\\n"),
                    character => text.push(character),
                }
            }
            text.push('"');
        }
        Self(text)
    }
}

/// The text as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A family of counters or gauges.
    pub(super) fn family<'a>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = (&'a Labels, impl Display)>,
    ) {
        self.head(family);
        for (labels, value) in series {
            self.line(family.name, "", labels, value);
        }
    }

    /// A family of one series, without labels.
    pub(super) fn one(&mut self, family: &Family, value: impl Display) {
        self.family(family, [(&Labels::default(), value)]);
    }

    /// A family of histograms.
    pub(super) fn histograms<'a>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = &'a (Labels, Reading)>,
    ) {
        self.head(family);
        for (labels, reading) in series {
            let mut total = 0;
            for (bound, count) in reading.buckets() {
                total += count;
                let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| bound.to_string());
                let mut labels = labels.clone();
                let comma = if labels.0.is_empty() { "" } else { "," };
                // Writing to a text cannot fail.
                let _ = write!(labels.0, "{comma}le=\"{bound}\"");
                self.line(family.name, "_bucket", &labels, total);
            }
            self.line(family.name, "_sum", labels, reading.sum());
            self.line(family.name, "_count", labels, total);
        }
    }

    /// A family of one histogram, without labels.
    pub(super) fn histogram(&mut self, family: &Family, reading: Reading) {
        self.histograms(family, &[(Labels::default(), reading)]);
    }

    fn head(&mut self, family: &Family) {
        let Family { name, kind, help } = family;
        let word = Kind::word(*kind);
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {word}");
    }

    fn line(&mut self, name: &str, suffix: &str, Labels(labels): &Labels, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.text, "{name}{suffix} {value}")
        } else {
            writeln!(self.text, "{name}{suffix}{{{labels}}} {value}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Histogram;
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_has_a_meaning_in_a_label_is_escaped() {
        let labels = Labels::of(&["one", "two"], &["a\"b\\c\nd", "ü"]);
        assert_eq!(labels.0, r#"one="a\"b\\c\nd",two="ü""#);
    }

    #[test]
    fn a_family_is_its_head_and_a_line_for_each_series() {
        let mut page = Page::default();
        let family = Family { name: "fanq_things", kind: Kind::Gauge, help: "Things." };
        page.family(&family, [(&Labels::of(&["of"], &["a"]), 1.5), (&Labels::default(), 2.0)]);
        assert_eq!(
            page.into_text(),
            "# HELP fanq_things Things.\n# TYPE fanq_things gauge\nfanq_things{of=\"a\"} 1.5\nfanq_things 2\n"
        );
    }

    #[test]
    fn the_buckets_of_a_histogram_add_up() {
        let histogram = Histogram::of_seconds(&[500, 2_000_000]);
        for micros in [1, 500, 501, 3_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let mut page = Page::default();
        let family = Family { name: "fanq_time_seconds", kind: Kind::Histogram, help: "Time." };
        page.histograms(&family, &[(Labels::of(&["of"], &["a"]), histogram.read())]);
        assert_eq!(
            page.into_text(),
            "# HELP fanq_time_seconds Time.\n\
             # TYPE fanq_time_seconds histogram\n\
             fanq_time_seconds_bucket{of=\"a\",le=\"0.0005\"} 2\n\
             fanq_time_seconds_bucket{of=\"a\",le=\"2\"} 3\n\
             fanq_time_seconds_bucket{of=\"a\",le=\"+Inf\"} 4\n\
             fanq_time_seconds_sum{of=\"a\"} 3.001002\n\
             fanq_time_seconds_count{of=\"a\"} 4\n"
        );
    }
}
