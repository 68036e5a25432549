//! How often a message was posted by a subscription and published again: without a bound, a topic that is subscribed
//! to its own address would go round for ever.
//!
//! The number is a field of the trace header, which already goes with a message through topics, queues and deliveries,
//! and in which applications may have fields of their own; see
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html>.

/// How many of them a message may have when it is published.
pub(crate) const HOPS_MAX: u32 = 8;

const FIELD: &str = "fanq-hops=";

/// How many a trace header tells of.
pub(crate) fn of(trace: Option<&str>) -> u32 {
    let counted = |field: &str| field.trim().strip_prefix(FIELD)?.parse().ok();
    trace.and_then(|trace| trace.split(';').find_map(counted)).unwrap_or(0)
}

/// The trace header of a delivery of a message with this one: it tells of one more.
pub(crate) fn onward(trace: Option<&str>) -> String {
    let is_other = |field: &&str| !field.trim().is_empty() && !field.trim().starts_with(FIELD);
    let counted = format!("{FIELD}{}", of(trace).saturating_add(1));
    let others = trace.into_iter().flat_map(|trace| trace.split(';')).filter(is_other);
    others.chain([counted.as_str()]).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delivery_counts_one_more_and_keeps_the_trace() {
        let check = |trace, hops, expected: &str| {
            assert_eq!((of(trace), onward(trace).as_str()), (hops, expected), "{trace:?}");
        };
        check(None, 0, "fanq-hops=1");
        check(Some(""), 0, "fanq-hops=1");
        check(Some("Root=1-2;Sampled=1"), 0, "Root=1-2;Sampled=1;fanq-hops=1");
        check(Some("Root=1-2; fanq-hops=8;Sampled=1"), 8, "Root=1-2;Sampled=1;fanq-hops=9");
        check(Some("fanq-hops=4294967295"), u32::MAX, "fanq-hops=4294967295");
        check(Some("fanq-hops=many"), 0, "fanq-hops=1");
    }
}
