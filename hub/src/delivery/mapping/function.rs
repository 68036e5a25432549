//! Deliveries to functions that are subscribed to topics, where a mapping says which URL stands for the function.

use super::answer::{self, Verdict};
use super::outlet::{Outlet, count};
use super::{KIND, Mapping, key};
use crate::delivery::breaker::Room;
use crate::hub::Hub;
use crate::work::{Stop, given_up};
use queue_core::{Outcome, Record, RecordId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often a function that failed is called for one message: as often as AWS Lambda does it.
const CALLS_MAX: u32 = 3;

/// How long a delivery that finds the breaker open waits before it looks again.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// How often SNS tries to reach a function.
const ATTEMPTS_MAX: u32 = 100_015;

/// The functions that mappings name, each mapping read once for each time that it changes.
#[derive(Default)]
pub(crate) struct Functions(Mutex<Index>);

#[derive(Default)]
struct Index {
    /// How often mappings had changed when this was read.
    changes: u64,
    /// By their accounts and ARNs.
    known: HashMap<Key, Arc<Function>>,
}

type Key = (Box<str>, Box<str>);

/// A function, and the mapping that says where it is.
pub(crate) struct Function {
    id: RecordId,
    version: u64,
    mapping: Mapping,
    /// One for each call that can be under way, whichever subscription it is for.
    places: Arc<Semaphore>,
}

impl Functions {
    /// The function of this ARN in an account; none if no mapping that works names it.
    pub(crate) fn find(&self, hub: &Hub, account: &str, arn: &str) -> Option<Arc<Function>> {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked before the records are: what changes meanwhile is read the next time.
        let changes = hub.catalogue.record_changes(KIND);
        if index.changes != changes {
            *index = Index { changes, known: read(&hub.catalogue.records(&key("", "")), &index.known) };
        }
        index.known.get(&(account.into(), arn.into())).cloned()
    }
}

/// The functions of these mappings. One that has not changed keeps its places, and who is in them.
fn read(records: &[Arc<Record>], before: &HashMap<Key, Arc<Function>>) -> HashMap<Key, Arc<Function>> {
    let before: HashMap<_, _> =
        before.iter().map(|(key, function)| ((function.id, function.version), (key, function))).collect();
    let mut known = HashMap::new();
    for record in records {
        let entry = match before.get(&(record.id, record.version)) {
            Some((key, function)) => Some(((*key).clone(), Arc::clone(function))),
            None => Function::of(record),
        };
        if let Some((key, function)) = entry {
            // Of several mappings of a function the first counts.
            known.entry(key).or_insert(function);
        }
    }
    known
}

impl Function {
    fn of(record: &Record) -> Option<(Key, Arc<Self>)> {
        let mapping = Mapping::of(record).filter(|mapping| mapping.enabled)?;
        let key = (record.key.name.account.as_ref().into(), mapping.function_arn.as_deref()?.into());
        let places = Arc::new(Semaphore::new(mapping.concurrency as usize));
        Some((key, Arc::new(Self { id: record.id, version: record.version, mapping, places })))
    }

    fn outlet(&self, hub: &Hub) -> Arc<Outlet> {
        hub.mappings.of(self.id, &self.mapping, &hub.settings)
    }

    /// Returns when the function may be called, with how many messages can be taken for it.
    pub(crate) async fn room(&self, hub: &Hub, most: u32) -> u32 {
        // Only waited for: who then finds nothing to deliver would hold it for nothing.
        drop(self.places.acquire().await);
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        match self.outlet(hub).breaker.room().await {
            Room::Any => free.clamp(1, most),
            Room::One | Room::NoneUntil(_) | Room::None => 1,
        }
    }

    /// A place among the calls that are under way.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Calls the function with an event about one message, which is tried for this time, and says what became of the
    /// message.
    pub(crate) async fn call(&self, hub: &Hub, stop: &Stop, event: String, attempts: u32) -> Outcome {
        let outlet = self.outlet(hub);
        if !outlet.breaker.begin() {
            return Outcome::Untried(CLOSED_WITHIN);
        }
        let answer = tokio::select! {
            answer = hub.mappings.post(&self.mapping, event, &hub.settings) => answer,
            () = given_up(stop) => return Outcome::Untried(Duration::ZERO),
        };
        let (is_reached, outcome, reason) = match answer::read_of_event(answer) {
            Verdict::DoneBut(_) => (true, Outcome::Delivered, None),
            Verdict::Failed(reason) => (true, after_failure(attempts), Some(reason)),
            Verdict::Unreached(reason) => (false, after_silence(attempts), Some(reason)),
        };
        if outlet.breaker.end(is_reached) {
            let function = self.mapping.function_arn.as_deref();
            tracing::warn!(function, "deliveries to a function pause after failures in a row");
        }
        count(if reason.is_none() { &outlet.delivered } else { &outlet.failed }, 1);
        if let Some(reason) = reason {
            outlet.note(reason);
        }
        outcome
    }
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
            concurrency: 2,
            timeout_seconds: 30,
            filter: None,
            enabled,
        };
        set(hub, id, Some(&mapping)).await;
    }

    async fn set(hub: &Hub, id: &str, mapping: Option<&Mapping>) {
        let key = key(ACCOUNT, id);
        let seen = hub.catalogue.record(&key).map_or(0, |record| record.version);
        let set = SetRecord { key, seen, fields: mapping.and_then(Mapping::fields) };
        hub.engine.execute(Command::SetRecord(set), Vec::new()).await.unwrap();
    }

    fn find(hub: &Hub) -> Option<Arc<Function>> {
        hub.functions.find(hub, ACCOUNT, ARN)
    }

    #[tokio::test]
    async fn a_function_is_called_where_a_mapping_says_it_is() {
        let hub = Hub::in_memory(config::from_flags(&[("push-breaker-failures", "1")]).unwrap()).unwrap();
        let url = function(&[(200, ""), (200, FAILED), (200, FAILED), (503, "")]).await;
        keep(&hub, "a", &url, true).await;
        let function = find(&hub).unwrap();
        let (_stopping, stop) = watch::channel(false);
        let call = |attempts| function.call(&hub, &stop, "event".to_owned(), attempts);
        assert_eq!(call(1).await, Outcome::Delivered);
        assert_eq!(call(1).await, Outcome::Retry(Duration::from_mins(1)));
        assert_eq!(call(3).await, Outcome::Failed);
        assert_eq!(call(1).await, Outcome::Retry(Duration::ZERO));
        // The breaker is open.
        assert_eq!(call(1).await, Outcome::Untried(CLOSED_WITHIN));
    }

    #[tokio::test]
    async fn a_function_is_where_the_first_mapping_that_works_says() {
        let hub = Hub::in_memory(config::from_flags(&[]).unwrap()).unwrap();
        let url = || find(&hub).map(|function| function.mapping.url.clone());
        assert_eq!(url(), None);
        keep(&hub, "a", "http://a/", false).await;
        assert_eq!(url(), None);
        keep(&hub, "b", "http://b/", true).await;
        assert_eq!(url().as_deref(), Some("http://b/"));
        assert!(hub.functions.find(&hub, "111122223333", ARN).is_none());
        keep(&hub, "a", "http://a/", true).await;
        assert_eq!(url().as_deref(), Some("http://a/"));
        set(&hub, "a", None).await;
        assert_eq!(url().as_deref(), Some("http://b/"));
    }

    #[tokio::test]
    async fn a_mapping_is_read_once_for_each_change() {
        let hub = Hub::in_memory(config::from_flags(&[]).unwrap()).unwrap();
        keep(&hub, "a", "http://a/", true).await;
        let first = find(&hub).unwrap();
        let place = first.place().await;
        // The change of another does not read it again, and who is in a place stays there.
        keep(&hub, "b", "http://b/", true).await;
        assert!(Arc::ptr_eq(&first, &find(&hub).unwrap()));
        assert_eq!(first.room(&hub, 10).await, 1);
        drop(place);
        assert_eq!(first.room(&hub, 10).await, 2);
        keep(&hub, "a", "http://a/", true).await;
        assert!(!Arc::ptr_eq(&first, &find(&hub).unwrap()));
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
