use super::*;

fn check(text: &str, expected: Result<&str, &str>) {
    let parsed = TopicPolicy::parse(text).map(|policy| policy.text());
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
    assert_eq!(TopicPolicy::default().effective_text(), expected);
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
        Ok(r#"{"http":{"defaultRequestPolicy":{"headerContentType":"application/json; charset=UTF-8"}}}"#),
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
    let total = format!("{path}: Total policy retry time cannot be greater than 3600 seconds");
    check_retry(r#"{"minDelayTarget":3599,"maxDelayTarget":3600}"#, &total);
    check_retry(r#"{"minDelayTarget":36,"maxDelayTarget":37,"numRetries":100}"#, &total);
    check_retry(
        r#"{"backoffFunction":"random"}"#,
        &format!("{path}.backoffFunction must be one of linear, arithmetic, geometric, exponential"),
    );
    check(
        r#"{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}"#,
        Err("http.defaultRequestPolicy.headerContentType is not a supported content type"),
    );
}

fn check_of_subscription(text: &str, expected: Result<&str, &str>) {
    let parsed = SubscriptionPolicy::parse(text).map(|policy| policy.text());
    assert_eq!(parsed.as_deref().map_err(String::as_str), expected, "{text}");
}

#[test]
fn a_policy_of_a_subscription_is_written_anew_with_null_for_what_it_leaves_out() {
    let nothing = concat!(
        r#"{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"#,
        r#""requestPolicy":null,"guaranteed":false}"#,
    );
    check_of_subscription("{}", Ok(nothing));
    check_of_subscription(nothing, Ok(nothing));
    check_of_subscription(
        r#"{"guaranteed": true, "requestPolicy": {"headerContentType": "application/json"},
            "throttlePolicy": {"maxReceivesPerSecond": 5}, "healthyRetryPolicy": {"numRetries": 1}}"#,
        Ok(concat!(
            r#"{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":1,"#,
            r#""numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"#,
            r#""sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":5},"#,
            r#""requestPolicy":{"headerContentType":"application/json"},"guaranteed":true}"#,
        )),
    );
}

#[test]
fn what_is_wrong_with_a_policy_of_a_subscription_is_said() {
    for (text, expected) in [
        ("", "failed to parse JSON."),
        ("3", "must be a JSON object"),
        (r#"{"http":{}}"#, "Unexpected JSON member: http"),
        (r#"{"sicklyRetryPolicy":{}}"#, "Unexpected JSON member: sicklyRetryPolicy"),
        (r#"{"guaranteed":"no"}"#, "guaranteed must be true or false"),
        (
            r#"{"healthyRetryPolicy":{"numRetries":101}}"#,
            "healthyRetryPolicy.numRetries must be less than or equal to 100",
        ),
        (
            r#"{"throttlePolicy":{"maxReceivesPerSecond":0}}"#,
            "throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1",
        ),
        (
            r#"{"requestPolicy":{"headerContentType":"image/png"}}"#,
            "requestPolicy.headerContentType is not a supported content type",
        ),
    ] {
        check_of_subscription(text, Err(expected));
    }
}

/// Retries, receives in a second and content type that hold in the end.
fn check_effective(topic: &str, subscription: &str, expected: (u64, Option<u64>, &str)) {
    let topic = TopicPolicy::parse(topic).unwrap();
    let effective = Effective::of(&topic, &SubscriptionPolicy::parse(subscription).unwrap());
    let [_, _, retries, ..] = effective.retry.numbers;
    let found = (retries, effective.receives_per_second, effective.content_type.as_str());
    assert_eq!(found, expected, "{topic:?} {subscription}");
    assert_eq!(SubscriptionPolicy::parse(&effective.text()).unwrap().text(), effective.text());
}

#[test]
fn each_section_is_the_subscriptions_or_the_topics_or_the_default() {
    let plain = "text/plain; charset=UTF-8";
    let topic = r#"{"http":{"defaultHealthyRetryPolicy":{"numRetries":7},
        "defaultThrottlePolicy":{"maxReceivesPerSecond":9}}}"#;
    let own = r#"{"healthyRetryPolicy":{"numRetries":1},"requestPolicy":{"headerContentType":"text/xml"}}"#;
    check_effective(r#"{"http":{}}"#, "{}", (3, None, plain));
    check_effective(topic, "{}", (7, Some(9), plain));
    check_effective(topic, own, (1, Some(9), "text/xml"));
    check_effective(topic, r#"{"throttlePolicy":{"maxReceivesPerSecond":2}}"#, (7, Some(2), plain));
    let strict = topic.replace(r#"{"http":{"#, r#"{"http":{"disableSubscriptionOverrides":true,"#);
    check_effective(&strict, own, (7, Some(9), plain));
    let lenient = strict.replace("true", "false");
    check_effective(&lenient, own, (1, Some(9), "text/xml"));
}

#[test]
fn a_subscription_shows_the_defaults_if_nobody_has_a_policy() {
    let effective = Effective::of(&TopicPolicy::default(), &SubscriptionPolicy::default());
    let expected = concat!(
        r#"{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"#,
        r#""numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"#,
        r#""sicklyRetryPolicy":null,"throttlePolicy":null,"#,
        r#""requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}"#,
    );
    assert_eq!(effective.text(), expected);
}
