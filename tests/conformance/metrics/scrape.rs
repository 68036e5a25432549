//! A scrape, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use fanq_tests::{Hub, Request};

/// What a hub exposed at some moment.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) text: String,
    /// By name and labels, as they are written.
    series: BTreeMap<String, f64>,
    /// The kind of each family.
    pub(super) families: BTreeMap<String, String>,
}

impl Scrape {
    pub(super) fn of(hub: &Hub) -> Self {
        let answer = Request::get("/metrics").send(hub);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let (mut series, mut families) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (family, kind) = kind.split_once(' ').unwrap();
                assert!(families.insert(family.to_owned(), kind.to_owned()).is_none(), "{line} twice");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(series.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{line} twice");
            }
        }
        Self { text, series, families }
    }

    /// The value of a series, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<f64> {
        self.series.get(name).copied()
    }

    /// The value of a series.
    #[track_caller]
    pub(super) fn value(&self, name: &str) -> f64 {
        self.find(name).unwrap_or_else(|| panic!("{name} is not in\n{}", self.text))
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            assert_eq!(self.value(name), *value, "{name}");
        }
    }

    /// What is not zero of the metrics `fanq_queue_…` of a queue, by the part of their names that tells them apart.
    #[track_caller]
    pub(super) fn check_queue(&self, queue: &str, expected: &[(&str, f64)]) {
        let (account, region) = if queue == "*" { ("*", "*") } else { ("000000000000", "us-east-1") };
        let labels = format!("{{account=\"{account}\",region=\"{region}\",queue=\"{queue}\"}}");
        let of_queue = self.series.iter().filter_map(|(name, value)| {
            let name = name.strip_suffix(&labels)?.strip_prefix("fanq_queue_")?;
            // How many bytes the log keeps of a message is its own affair.
            (*value != 0.0 && !name.contains("_bytes_")).then_some((name, *value))
        });
        let found: BTreeMap<_, _> = of_queue.collect();
        assert_eq!(found, expected.iter().copied().collect(), "{queue}");
    }

    /// The names of labels that the series of each family have.
    pub(super) fn labels(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut labels = BTreeMap::<&str, BTreeSet<&str>>::new();
        for series in self.series.keys() {
            let (name, inside) = series.split_once('{').unwrap_or((series, ""));
            let parts = ["_bucket", "_sum", "_count"].into_iter().filter_map(|part| name.strip_suffix(part));
            let mut families = parts.filter(|family| self.families.contains_key(*family));
            let family = families.next().unwrap_or(name);
            assert!(self.families.contains_key(family), "{series} has a family");
            let names = inside.split("\",").filter_map(|label| Some(label.split_once('=')?.0));
            labels.entry(family).or_default().extend(names.filter(|name| *name != "le"));
        }
        labels
    }
}
