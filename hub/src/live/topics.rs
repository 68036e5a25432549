//! [`Topics`]: which topics a reader follows, by their names or patterns of names, whether they exist yet or not.

use queue_core::Name;

/// Names of topics, and patterns of names within one account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topics {
    pub(super) names: Vec<Name>,
    /// The account and region, and patterns with `*` for any run of characters.
    pub(super) patterns: Vec<Name>,
}

impl Topics {
    pub(super) fn follow(&self, topic: &Name) -> bool {
        let is_like = |pattern: &Name| {
            let is_here = pattern.account == topic.account && pattern.region == topic.region;
            is_here && matches(&pattern.name, &topic.name)
        };
        self.names.contains(topic) || self.patterns.iter().any(is_like)
    }

    /// Whether there can be only one at a time.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() == 1 && self.patterns.is_empty()
    }
}

/// Whether a text is a pattern of names.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains('*')
}

/// Whether a name is like a pattern. The parts between the stars are looked for from left to right, each as early as it
/// can be, which finds a way if there is one.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, yes, no) in [
            ("orders", &["orders"][..], &["order", "orders2", ""][..]),
            ("*", &["orders", "a.fifo", ""], &[]),
            ("orders*", &["orders", "orders-eu", "orders.fifo"], &["my-orders"]),
            ("*.fifo", &["a.fifo", ".fifo"], &["a.fifo2", "fifo"]),
            ("a*b*c", &["abc", "a-b-c", "abbcc", "abcbc"], &["acb", "ab", "bc"]),
            ("a*a", &["aa", "aba"], &["a", "ab"]),
            ("a**b", &["ab", "acb"], &["a"]),
        ] {
            assert!(yes.iter().all(|name| matches(pattern, name)), "{pattern}");
            assert!(!no.iter().any(|name| matches(pattern, name)), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_stays_within_its_account_and_region() {
        let topics = |names: &[&str], patterns: &[&str]| Topics {
            names: names.iter().map(|name| Name::new("1", "eu", name)).collect(),
            patterns: patterns.iter().map(|name| Name::new("1", "eu", name)).collect(),
        };
        let both = topics(&["stock"], &["order*"]);
        assert!(both.follow(&Name::new("1", "eu", "stock")) && both.follow(&Name::new("1", "eu", "orders")));
        for (account, region, name) in [("2", "eu", "orders"), ("1", "us", "stock"), ("1", "eu", "stocks")] {
            assert!(!both.follow(&Name::new(account, region, name)), "{account} {region} {name}");
        }
        assert!(topics(&["stock"], &[]).is_one() && !both.is_one() && !topics(&[], &["stock*"]).is_one());
    }
}
