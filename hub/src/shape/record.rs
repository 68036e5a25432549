//! What operations keep as records: named by kind, account and region, replaced whole, listed in pages.

use crate::operation::Context;
use crate::shape::token;
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use queue_core::{Command, Name, Record, RecordKey, SetRecord, Tags};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a record of an account in a region is found by.
pub(crate) fn key(kind: &str, account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey { kind: kind.into(), name: Name::new(account, region, name) }
}

/// The same for a record of the caller.
pub(crate) fn own(kind: &str, name: &str, cx: &Context) -> RecordKey {
    key(kind, &cx.caller.account, &cx.caller.region, name)
}

/// The command that keeps something in the place of what was seen there, or removes it.
pub(crate) fn set(key: RecordKey, seen: Option<&Record>, fields: Option<Tags>) -> Command {
    Command::SetRecord(SetRecord { key, seen: seen.map_or(0, |record| record.version), fields })
}

/// Fields of a record, from names and values.
pub(crate) fn fields<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tags {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) found: Vec<Arc<Record>>,
    pub(crate) next_token: Option<String>,
}

/// What a page is asked for with.
pub(crate) struct Asked<'a> {
    /// What is listed: the records of this kind whose names begin like this one.
    pub(crate) from: &'a RecordKey,
    /// The token, and what the operation calls it.
    pub(crate) token: (&'static str, Option<&'a str>),
    /// How many records a page has at most.
    pub(crate) length: usize,
}

/// The page of records that a request asks for, in the order of their names.
pub(crate) fn page(asked: &Asked<'_>, cx: &Context) -> Result<Page, Fault> {
    let (member, token) = asked.token;
    let kind = &*asked.from.kind;
    let after = match token.filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => Some(token::read(kind, token).ok_or_else(|| Fault::invalid_parameter(member))?),
    };
    let mut found = cx.hub.catalogue.records_within(asked.from, after.as_deref(), asked.length + 1);
    let is_last = found.len() <= asked.length;
    found.truncate(asked.length);
    let last = found.last().filter(|_| !is_last);
    let next_token = last.map(|record| token::write(kind, &record.key.name.name));
    Ok(Page { found, next_token })
}

/// The parameter `MaxResults`: how long a page is to be.
pub(crate) fn length(max_results: Option<i64>, allowed: RangeInclusive<usize>) -> Result<usize, Fault> {
    let Some(wanted) = max_results else {
        return Ok((*allowed.end()).min(limits::PAGE));
    };
    let length = usize::try_from(wanted).ok().filter(|length| allowed.contains(length));
    length.ok_or_else(|| {
        let (bound, limit) = if wanted < 1 { ("greater", allowed.start()) } else { ("less", allowed.end()) };
        let rule = format_args!("Member must have value {bound} than or equal to {limit}");
        let message = format!(
            "1 validation error detected: Value '{wanted}' at 'maxResults' failed to satisfy constraint: {rule}"
        );
        Fault::new(Code::ValidationError, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_long_as_it_may_be() {
        assert_eq!(length(None, 1..=30), Ok(30));
        assert_eq!(length(Some(7), 1..=30), Ok(7));
        let rule = "at 'maxResults' failed to satisfy constraint: Member must have value";
        for (wanted, said) in [(0, "greater than or equal to 1"), (-1, "greater than or equal to 1")] {
            let fault = length(Some(wanted), 1..=30).unwrap_err();
            let expected = format!("1 validation error detected: Value '{wanted}' {rule} {said}");
            assert_eq!(fault.message(), expected);
        }
        assert!(length(Some(31), 1..=30).unwrap_err().message().ends_with("less than or equal to 30"));
    }
}
