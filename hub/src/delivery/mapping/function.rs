//! Deliveries to functions that are subscribed to topics, where a mapping says which URL stands for the function.

use super::answer::{self, Verdict};
use super::outlet::count;
use super::{Mapping, supervisor};
use crate::delivery::breaker::Room;
use crate::hub::Hub;
use crate::work::{Stop, given_up};
use queue_core::{Outcome, RecordId};
use std::time::Duration;

/// How often a function that failed is called for one message: as often as AWS Lambda does it.
const CALLS_MAX: u32 = 3;

/// How long a delivery that finds the breaker open waits before it looks again.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// How often SNS tries to reach a function.
const ATTEMPTS_MAX: u32 = 100_015;

/// Calls a function with an event about one message, which is tried for this time, and says what became of the
/// message; none if no mapping of the account says where the function is.
pub(crate) async fn deliver(
    hub: &Hub,
    stop: &Stop,
    account: &str,
    arn: &str,
    event: String,
    attempts: u32,
) -> Option<Outcome> {
    let (id, mapping) = find(hub, account, arn)?;
    let outlet = hub.mappings.of(id, &mapping, &hub.settings);
    if !outlet.breaker.begin() {
        return Some(Outcome::Untried(CLOSED_WITHIN));
    }
    let answer = tokio::select! {
        answer = hub.mappings.post(&mapping, event, &hub.settings) => answer,
        () = given_up(stop) => return Some(Outcome::Untried(Duration::ZERO)),
    };
    let verdict = answer::read(answer);
    let (is_reached, outcome, reason) = match verdict {
        Verdict::DoneBut(_) => (true, Outcome::Delivered, None),
        Verdict::Failed(reason) => (true, after_failure(attempts), Some(reason)),
        Verdict::Unreached(reason) => (false, after_silence(attempts), Some(reason)),
    };
    if outlet.breaker.end(is_reached) {
        tracing::warn!(function = arn, "deliveries to a function pause after failures in a row");
    }
    count(if reason.is_none() { &outlet.delivered } else { &outlet.failed }, 1);
    if let Some(reason) = reason {
        outlet.note(reason);
    }
    Some(outcome)
}

/// Returns when the function may be called, with how many messages can be taken for it.
pub(crate) async fn room(hub: &Hub, account: &str, arn: &str, most: u32) -> u32 {
    let Some((id, mapping)) = find(hub, account, arn) else {
        return most;
    };
    match hub.mappings.of(id, &mapping, &hub.settings).breaker.room().await {
        Room::Any => most,
        Room::One | Room::NoneUntil(_) | Room::None => 1,
    }
}

/// Where a function is: the first mapping that names it.
fn find(hub: &Hub, account: &str, arn: &str) -> Option<(RecordId, Mapping)> {
    let records = supervisor::records(hub);
    let own = records.iter().filter(|record| *record.key.name.account == *account);
    let found = own.filter_map(|record| Some((record.id, Mapping::of(record)?)));
    found.into_iter().find(|(_, mapping)| mapping.enabled && mapping.function_arn.as_deref() == Some(arn))
}

/// A function that fails is called again after one minute, and after two more.
fn after_failure(attempts: u32) -> Outcome {
    if attempts < CALLS_MAX {
        Outcome::Retry(Duration::from_mins(attempts.max(1).into()))
    } else {
        Outcome::Failed
    }
}

/// A function that cannot be reached is tried as SNS tries what AWS runs: three times at once, twice after a second, ten
/// times after growing pauses, and then every twenty seconds for three weeks; see
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>.
fn after_silence(attempts: u32) -> Outcome {
    match attempts {
        0..3 => Outcome::Retry(Duration::ZERO),
        3..5 => Outcome::Retry(Duration::from_secs(1)),
        5..15 => Outcome::Retry(Duration::from_secs(u64::from(attempts - 4) * 2)),
        15..ATTEMPTS_MAX => Outcome::Retry(Duration::from_secs(20)),
        ATTEMPTS_MAX.. => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::delivery::mapping::key;
    use queue_core::{Command, SetRecord};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    const ACCOUNT: &str = "000000000000";
    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:orders";

    const FAILED: &str = r#"{"errorMessage": "no"}"#;

    /// A function that answers each call with the next of these, and its URL.
    async fn function(answers: &'static [(u16, &'static str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"event") {
                    assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
                }
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} A\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        format!("http://{address}/")
    }

    async fn keep(hub: &Hub, id: &str, url: &str, enabled: bool) {
        let mapping = Mapping {
            queue: None,
            url: url.to_owned(),
            function_arn: Some(ARN.to_owned()),
            batch_size: 10,
            window_seconds: 0,
            concurrency: 1,
            timeout_seconds: 30,
            filter: None,
            enabled,
        };
        let set = SetRecord { key: key(ACCOUNT, id), seen: 0, fields: mapping.fields() };
        hub.engine.execute(Command::SetRecord(set), Vec::new()).await.unwrap();
    }

    async fn call(hub: &Hub, account: &str, attempts: u32) -> Option<Outcome> {
        let (_stopping, stop) = watch::channel(false);
        deliver(hub, &stop, account, ARN, "event".to_owned(), attempts).await
    }

    #[tokio::test]
    async fn a_function_is_called_where_a_mapping_says_it_is() {
        let hub = Hub::in_memory(config::from_flags(&[("push-breaker-failures", "1")]).unwrap()).unwrap();
        let url = function(&[(200, ""), (200, FAILED), (200, FAILED), (503, "")]).await;
        keep(&hub, "a", "http://127.0.0.1:1/", false).await;
        assert_eq!(call(&hub, ACCOUNT, 1).await, None);
        keep(&hub, "b", &url, true).await;
        assert_eq!(call(&hub, "111122223333", 1).await, None);
        assert_eq!(call(&hub, ACCOUNT, 1).await, Some(Outcome::Delivered));
        assert_eq!(call(&hub, ACCOUNT, 1).await, Some(Outcome::Retry(Duration::from_mins(1))));
        assert_eq!(call(&hub, ACCOUNT, 3).await, Some(Outcome::Failed));
        assert_eq!(call(&hub, ACCOUNT, 1).await, Some(Outcome::Retry(Duration::ZERO)));
        // The breaker is open.
        assert_eq!(call(&hub, ACCOUNT, 1).await, Some(Outcome::Untried(CLOSED_WITHIN)));
    }

    #[test]
    fn a_function_that_fails_is_called_three_times() {
        let minutes = |minutes| Outcome::Retry(Duration::from_mins(minutes));
        assert_eq!(
            [1, 2, 3, 4].map(after_failure),
            [minutes(1), minutes(2), Outcome::Failed, Outcome::Failed]
        );
    }

    #[test]
    fn a_function_that_is_silent_is_tried_for_weeks() {
        let seconds = |seconds| Outcome::Retry(Duration::from_secs(seconds));
        let cases = [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (14, 20), (15, 20), (100_014, 20)];
        for (attempts, expected) in cases {
            assert_eq!(after_silence(attempts), seconds(expected), "{attempts}");
        }
        assert_eq!(after_silence(100_015), Outcome::Failed);
    }
}
