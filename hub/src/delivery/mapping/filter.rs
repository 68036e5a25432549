//! [`Criteria`]: which messages a mapping posts, as an event source mapping of AWS Lambda says it.
//!
//! `{"Filters": [{"Pattern": "{…}"}]}`: a message passes if one of the patterns matches. A pattern is a filter policy
//! over the record as the function would get it, with the body as JSON if it is an object or a list. So a pattern with
//! an object for the body lets no plain text through, and one with a text no JSON; see
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>.

use filters::{Message, Policy, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many patterns there can be.
const FILTERS_MAX: usize = 10;

/// How long a pattern can be.
const PATTERN_CHARACTERS_MAX: usize = 4_096;

/// The filter of a mapping as it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Criteria {
    #[serde(rename = "Filters")]
    filters: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(rename = "Pattern")]
    pattern: String,
}

/// A filter that can be asked.
#[derive(Debug)]
pub(super) struct Filter(Vec<Policy>);

impl Criteria {
    /// Says what is wrong with it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.filters.len() > FILTERS_MAX {
            return Err(format!("filter can have {FILTERS_MAX} filters at most."));
        }
        let is_long = |filter: &Pattern| filter.pattern.chars().count() > PATTERN_CHARACTERS_MAX;
        if self.filters.iter().any(is_long) {
            return Err(format!("A pattern of filter can have {PATTERN_CHARACTERS_MAX} characters at most."));
        }
        self.compile().map(|_| ()).map_err(|error| format!("A pattern of filter is not valid: {error}."))
    }

    pub(super) fn compile(&self) -> Result<Filter, filters::Error> {
        let compiled = self.filters.iter().map(|one| Policy::compile(&one.pattern, Scope::MessageBody));
        compiled.collect::<Result<_, _>>().map(Filter)
    }
}

impl Filter {
    /// Whether a record passes. Without patterns all do.
    pub(super) fn passes(&self, record: &Value) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let mut seen = record.clone();
        if let Some(body) = seen.get_mut("body")
            && let Some(parsed) = body.as_str().and_then(structure)
        {
            *body = parsed;
        }
        let text = seen.to_string();
        let message = Message::new(&text, []);
        self.0.iter().any(|policy| policy.matches(&message))
    }
}

/// The object or list that a text is.
fn structure(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn criteria(patterns: &[&Value]) -> Criteria {
        let filters = patterns.iter().map(|pattern| Pattern { pattern: pattern.to_string() }).collect();
        Criteria { filters }
    }

    fn check(patterns: &[&Value], body: &str, expected: bool) {
        let attributes = json!({"colour": {"stringValue": "blue", "dataType": "String"}});
        let record = json!({"messageId": "1", "body": body, "messageAttributes": attributes});
        let filter = criteria(patterns).compile().unwrap();
        assert_eq!(filter.passes(&record), expected, "{patterns:?} {body}");
    }

    #[test]
    fn a_pattern_looks_into_a_body_of_json_and_at_a_text_as_it_is() {
        let object = json!({"body": {"kind": ["book"]}});
        check(&[&object], r#"{"kind": "book"}"#, true);
        check(&[&object], r#"{"kind": "pen"}"#, false);
        check(&[&object], "book", false);
        let text = json!({"body": ["book"]});
        check(&[&text], "book", true);
        check(&[&text], r#"{"kind": "book"}"#, false);
        check(&[&text], "pen", false);
        check(&[&json!({"body": ["12"]})], "12", true);
    }

    #[test]
    fn a_pattern_can_look_at_the_rest_of_the_record() {
        let colour = |colour: &str| json!({"messageAttributes": {"colour": {"stringValue": [colour]}}});
        check(&[&colour("blue")], "book", true);
        check(&[&colour("red")], "book", false);
    }

    #[test]
    fn one_pattern_of_several_is_enough_and_none_is_needed() {
        let (book, pen) = (json!({"body": ["book"]}), json!({"body": ["pen"]}));
        check(&[&book, &pen], "pen", true);
        check(&[&book, &pen], "ink", false);
        check(&[], "ink", true);
    }

    #[test]
    fn a_filter_that_cannot_be_asked_is_refused() {
        let check = |criteria: Criteria, expected: &str| {
            let refused = criteria.check().unwrap_err();
            assert!(refused.starts_with(expected), "{refused}");
        };
        check(criteria(&[&json!({"body": ["a"]}); 11]), "filter can have 10 filters at most.");
        check(
            criteria(&[&json!({"body": ["a".repeat(4_096)]})]),
            "A pattern of filter can have 4096 characters",
        );
        check(criteria(&[&json!(["a"])]), "A pattern of filter is not valid: ");
    }
}
