//! The topic attribute `DeliveryPolicy`: how often a delivery over HTTP is tried again, and when.
//!
//! See <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>. A policy is read whole, and
//! written anew in one order; what its sections leave out takes its default, what sections it leaves out stay out.

use serde_json::{Map, Value, json};

/// Why a text is not a delivery policy, in the words that follow the attribute's name.
type Flaw = String;

/// A delivery policy of a topic, its sections as far as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeliveryPolicy {
    retry: Option<Retry>,
    overrides_disabled: Option<bool>,
    receives_per_second: Option<u64>,
    content_type: Option<String>,
}

/// How a delivery is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Retry {
    /// By the places of [`NUMBERS`].
    numbers: [u64; 6],
    backoff: String,
}

/// A number of a retry policy.
struct Number {
    name: &'static str,
    default: u64,
    minimum: u64,
    maximum: u64,
}

const fn number(name: &'static str, default: u64, minimum: u64, maximum: u64) -> Number {
    Number { name, default, minimum, maximum }
}

/// In the order in which they are written.
const NUMBERS: [Number; 6] = [
    number("minDelayTarget", 20, 1, 3_600),
    number("maxDelayTarget", 20, 1, 3_600),
    number("numRetries", 3, 0, 100),
    number("numMaxDelayRetries", 0, 0, 100),
    number("numNoDelayRetries", 0, 0, 100),
    number("numMinDelayRetries", 0, 0, 100),
];

const BACKOFFS: [&str; 4] = ["linear", "arithmetic", "geometric", "exponential"];
const DEFAULT_BACKOFF: &str = "linear";
const DEFAULT_CONTENT_TYPE: &str = "text/plain; charset=UTF-8";

/// What notifications can be sent as.
const MEDIA_TYPES: [&str; 12] = [
    "text/css",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
    "application/atom+xml",
    "application/json",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
];

impl DeliveryPolicy {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let policy: Value = serde_json::from_str(text).map_err(|_| "failed to parse JSON.".to_owned())?;
        let mut parsed = Self::default();
        for (name, value) in members(&policy, "")? {
            match name.as_str() {
                "http" => parsed.read(value)?,
                _ => return Err(unexpected(name)),
            }
        }
        Ok(parsed)
    }

    fn read(&mut self, http: &Value) -> Result<(), Flaw> {
        for (name, value) in members(http, "http")? {
            let path = format!("http.{name}");
            match name.as_str() {
                "defaultHealthyRetryPolicy" if !value.is_null() => {
                    self.retry = Some(Retry::read(value, &path)?)
                }
                "disableSubscriptionOverrides" => {
                    let flag = value.as_bool().ok_or_else(|| format!("{path} must be true or false"))?;
                    self.overrides_disabled = Some(flag);
                }
                "defaultThrottlePolicy" if !value.is_null() => {
                    self.receives_per_second = throttle(value, &path)?
                }
                "defaultRequestPolicy" if !value.is_null() => self.content_type = request(value, &path)?,
                "defaultHealthyRetryPolicy"
                | "defaultSicklyRetryPolicy"
                | "defaultThrottlePolicy"
                | "defaultRequestPolicy"
                    if value.is_null() => {}
                _ => return Err(unexpected(name)),
            }
        }
        Ok(())
    }

    /// The policy as it is kept and shown.
    pub(crate) fn text(&self) -> String {
        let retry = self.retry.as_ref().map(Retry::json);
        self.written(retry, self.overrides_disabled, self.content_type.as_deref())
    }

    /// What holds in the end: the policy, and defaults for all that it does not speak of.
    pub(crate) fn effective(&self) -> String {
        let retry = self.retry.as_ref().map_or_else(|| Retry::default().json(), Retry::json);
        let overrides_disabled = self.overrides_disabled.unwrap_or(false);
        let content_type = self.content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE);
        self.written(Some(retry), Some(overrides_disabled), Some(content_type))
    }

    fn written(
        &self,
        retry: Option<Value>,
        overrides_disabled: Option<bool>,
        content_type: Option<&str>,
    ) -> String {
        let members = [
            ("defaultHealthyRetryPolicy", retry),
            ("disableSubscriptionOverrides", overrides_disabled.map(Value::from)),
            (
                "defaultThrottlePolicy",
                self.receives_per_second.map(|number| json!({ "maxReceivesPerSecond": number })),
            ),
            ("defaultRequestPolicy", content_type.map(|text| json!({ "headerContentType": text }))),
        ];
        let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        json!({ "http": present.collect::<Map<_, _>>() }).to_string()
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { numbers: NUMBERS.map(|number| number.default), backoff: DEFAULT_BACKOFF.to_owned() }
    }
}

impl Retry {
    fn read(policy: &Value, path: &str) -> Result<Self, Flaw> {
        let mut read = Self::default();
        for (name, value) in members(policy, path)? {
            let path = format!("{path}.{name}");
            let place = NUMBERS.iter().zip(&mut read.numbers).find(|(number, _)| number.name == name);
            if let Some((number, place)) = place {
                *place = within(value, number, &path)?;
            } else if name == "backoffFunction" {
                let known = value.as_str().filter(|text| BACKOFFS.contains(text));
                let backoff =
                    known.ok_or_else(|| format!("{path} must be one of {}", BACKOFFS.join(", ")))?;
                backoff.clone_into(&mut read.backoff);
            } else {
                return Err(unexpected(name));
            }
        }
        let [least, most, retries, at_most, without, at_least] = read.numbers;
        if least > most {
            return Err(format!("{path}.minDelayTarget must be less than or equal to maxDelayTarget"));
        }
        if at_most + without + at_least > retries {
            let phases = "the sum of numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries";
            return Err(format!("{path}.numRetries must be greater than or equal to {phases}"));
        }
        Ok(read)
    }

    fn json(&self) -> Value {
        let numbers =
            NUMBERS.iter().zip(self.numbers).map(|(number, value)| (number.name.to_owned(), json!(value)));
        let backoff = ("backoffFunction".to_owned(), json!(self.backoff));
        Value::Object(numbers.chain([backoff]).collect())
    }
}

fn within(value: &Value, number: &Number, path: &str) -> Result<u64, Flaw> {
    if value.as_i64().is_some_and(|value| value < 0) {
        return Err(format!("{path} must be greater than or equal to {}", number.minimum));
    }
    match value.as_u64() {
        None => Err(format!("{path} must be an integer")),
        Some(value) if value < number.minimum => {
            Err(format!("{path} must be greater than or equal to {}", number.minimum))
        }
        Some(value) if value > number.maximum => {
            Err(format!("{path} must be less than or equal to {}", number.maximum))
        }
        Some(value) => Ok(value),
    }
}

fn throttle(policy: &Value, path: &str) -> Result<Option<u64>, Flaw> {
    let mut per_second = None;
    for (name, value) in members(policy, path)? {
        let path = format!("{path}.{name}");
        match name.as_str() {
            "maxReceivesPerSecond" if value.is_null() => {}
            "maxReceivesPerSecond" => per_second = Some(within(value, &number("", 1, 1, u64::MAX), &path)?),
            _ => return Err(unexpected(name)),
        }
    }
    Ok(per_second)
}

fn request(policy: &Value, path: &str) -> Result<Option<String>, Flaw> {
    let mut content_type = None;
    for (name, value) in members(policy, path)? {
        let path = format!("{path}.{name}");
        match name.as_str() {
            "headerContentType" => {
                let is_known = |text: &&str| {
                    let (media_type, _) = text.split_once(';').unwrap_or((text, ""));
                    MEDIA_TYPES.contains(&media_type.trim())
                        && !text.contains(|character: char| character.is_control())
                };
                let text = value.as_str().filter(is_known);
                content_type =
                    Some(text.ok_or_else(|| format!("{path} is not a supported content type"))?.to_owned());
            }
            _ => return Err(unexpected(name)),
        }
    }
    Ok(content_type)
}

fn members<'v>(value: &'v Value, path: &str) -> Result<&'v Map<String, Value>, Flaw> {
    value.as_object().ok_or_else(|| match path {
        "" => "must be a JSON object".to_owned(),
        _ => format!("{path} must be a JSON object"),
    })
}

fn unexpected(name: &str) -> Flaw {
    format!("Unexpected JSON member: {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = DeliveryPolicy::parse(text).map(|policy| policy.text());
        assert_eq!(parsed.as_deref().map_err(String::as_str), expected, "{text}");
    }

    fn check_retry(retry: &str, expected: &str) {
        check(&format!(r#"{{"http":{{"defaultHealthyRetryPolicy":{retry}}}}}"#), Err(expected));
    }

    #[test]
    fn without_a_policy_the_defaults_hold() {
        let expected = concat!(
            r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"#,
            r#""numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"#,
            r#""disableSubscriptionOverrides":false,"#,
            r#""defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#,
        );
        assert_eq!(DeliveryPolicy::default().effective(), expected);
    }

    #[test]
    fn a_policy_is_written_anew_in_one_order() {
        check(r#"{"http":{}}"#, Ok(r#"{"http":{}}"#));
        check(
            r#"{"http": {"disableSubscriptionOverrides": true, "defaultSicklyRetryPolicy": null,
                "defaultHealthyRetryPolicy": {"numRetries": 5, "backoffFunction": "geometric"},
                "defaultThrottlePolicy": {"maxReceivesPerSecond": 2}}}"#,
            Ok(concat!(
                r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":5,"#,
                r#""numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"#,
                r#""backoffFunction":"geometric"},"disableSubscriptionOverrides":true,"#,
                r#""defaultThrottlePolicy":{"maxReceivesPerSecond":2}}}"#,
            )),
        );
        check(
            r#"{"http":{"defaultRequestPolicy":{"headerContentType":"application/json; charset=UTF-8"}}}"#,
            Ok(
                r#"{"http":{"defaultRequestPolicy":{"headerContentType":"application/json; charset=UTF-8"}}}"#,
            ),
        );
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_said() {
        check("{", Err("failed to parse JSON."));
        check("[]", Err("must be a JSON object"));
        check(r#"{"https":{}}"#, Err("Unexpected JSON member: https"));
        check(r#"{"http":{"retries":1}}"#, Err("Unexpected JSON member: retries"));
        check(
            r#"{"http":{"defaultThrottlePolicy":[]}}"#,
            Err("http.defaultThrottlePolicy must be a JSON object"),
        );
        let path = "http.defaultHealthyRetryPolicy";
        check_retry(r#"{"numRetries":101}"#, &format!("{path}.numRetries must be less than or equal to 100"));
        check_retry(r#"{"numRetries":-1}"#, &format!("{path}.numRetries must be greater than or equal to 0"));
        check_retry(r#"{"numRetries":"3"}"#, &format!("{path}.numRetries must be an integer"));
        check_retry(
            r#"{"minDelayTarget":0}"#,
            &format!("{path}.minDelayTarget must be greater than or equal to 1"),
        );
        check_retry(
            r#"{"minDelayTarget":30}"#,
            &format!("{path}.minDelayTarget must be less than or equal to maxDelayTarget"),
        );
        check_retry(
            r#"{"numNoDelayRetries":2,"numMinDelayRetries":2}"#,
            &format!(
                "{path}.numRetries must be greater than or equal to \
                 the sum of numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries"
            ),
        );
        check_retry(
            r#"{"backoffFunction":"random"}"#,
            &format!("{path}.backoffFunction must be one of linear, arithmetic, geometric, exponential"),
        );
        check(
            r#"{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}"#,
            Err("http.defaultRequestPolicy.headerContentType is not a supported content type"),
        );
    }
}
