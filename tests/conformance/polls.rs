//! Long polls: who waits, who wakes, and who has gone.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use fanq_tests::{Connection, Hub, Request, eventually};

use crate::clients::{bodies, queue, receive_within, send, sqs, sqs_of};

/// Half of the longest wait: a poll that takes longer was not woken.
const WOKEN: Duration = Duration::from_secs(10);

/// A poll of `orders` that waits for 20 seconds, as bytes of the default account.
fn long_poll() -> Request {
    Request::json("ReceiveMessage", r#"{"QueueUrl": "orders", "WaitTimeSeconds": 20}"#)
}

#[tokio::test]
async fn a_poll_ends_with_the_message_that_arrives() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let started = Instant::now();
    let (got, ()) = tokio::join!(receive_within(&sqs, &url, 20), send(&sqs, &url, "wanted"));
    assert_eq!(bodies(&got), ["wanted"]);
    assert!(started.elapsed() < WOKEN);
}

#[tokio::test]
async fn a_poll_ends_empty_after_its_time() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let started = Instant::now();
    assert_eq!(receive_within(&sqs, &url, 1).await, []);
    assert!((0.9..10.0).contains(&started.elapsed().as_secs_f64()));
}

#[tokio::test]
async fn many_waiting_receivers_share_the_messages_and_none_waits_in_vain() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let polls = (0..20).map(|_| {
        let (sqs, url) = (sqs.clone(), url.clone());
        tokio::spawn(async move {
            let asked = sqs.receive_message().queue_url(&url).wait_time_seconds(20);
            asked.send().await.unwrap().messages.unwrap()
        })
    });
    let polls = polls.collect::<Vec<_>>();
    for number in 0..20 {
        send(&sqs, &url, &format!("{number:02}")).await;
    }
    let mut got = Vec::new();
    for poll in polls {
        got.extend(poll.await.unwrap().into_iter().map(|message| message.body.unwrap()));
    }
    got.sort();
    assert_eq!(got, (0..20).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}

#[test]
fn one_send_wakes_exactly_one_of_hundreds() {
    const QUEUES: usize = 30;
    const POLLS: usize = 300;
    let hub = Hub::start(&[]);
    let waiting = |count: usize| {
        let line = format!("\nfanq_waiting_receivers {count}\n");
        eventually(&line, || Request::get("/metrics").send(&hub).text().contains(&line));
    };
    for queue in 0..QUEUES {
        let created = Request::json("CreateQueue", format!(r#"{{"QueueName": "q{queue}"}}"#)).send(&hub);
        assert_eq!(created.status, 200, "{created:?}");
    }
    let mut polls = Vec::new();
    for number in 0..POLLS {
        let asked = format!(r#"{{"QueueUrl": "q{}", "WaitTimeSeconds": 20}}"#, number % QUEUES);
        let mut poll = Connection::open(&hub);
        poll.write(&Request::json("ReceiveMessage", asked).bytes(&hub));
        polls.push(poll);
    }
    waiting(POLLS);
    for queue in 0..QUEUES {
        let message = format!(r#"{{"QueueUrl": "q{queue}", "MessageBody": "for q{queue}"}}"#);
        assert_eq!(Request::json("SendMessage", message).send(&hub).status, 200);
        eventually("a poll ends", || polls.iter_mut().any(Connection::has_answer));
        let (mut ended, others): (Vec<_>, Vec<_>) = polls
            .into_iter()
            .map(|mut poll| (poll.has_answer(), poll))
            .partition(|(has_answer, _)| *has_answer);
        assert_eq!(ended.len(), 1, "q{queue}");
        let answer = ended[0].1.answer().text();
        assert!(answer.contains(&format!("for q{queue}\"")), "{answer}");
        polls = others.into_iter().map(|(_, poll)| poll).collect();
    }
    waiting(POLLS - QUEUES);
    assert!(!polls.iter_mut().any(Connection::has_answer));
}

#[tokio::test]
async fn a_client_that_is_known_to_have_gone_is_leased_nothing() {
    let mut hub = Hub::start(&[]);
    // The account of requests that are not signed.
    let sqs = sqs_of(&hub, "000000000000", "us-east-1");
    let url = queue(&sqs, "orders", &[]).await;
    for _ in 0..10 {
        let mut gone = Connection::open(&hub);
        gone.write(&long_poll().bytes(&hub));
        gone.finish();
        assert!(gone.is_closed_by_hub(), "the hub notices that its client has gone");
    }
    send(&sqs, &url, "kept").await;
    let asked = sqs
        .receive_message()
        .queue_url(&url)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    let got = asked.send().await.unwrap().messages.unwrap();
    assert_eq!(got[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    hub.assert_alive();
}

#[tokio::test]
async fn polls_of_a_deleted_queue_are_released() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let started = Instant::now();
    let asked = sqs.receive_message().queue_url(&url).wait_time_seconds(20);
    let (poll, deleted) = tokio::join!(asked.send(), sqs.delete_queue().queue_url(&url).send());
    deleted.unwrap();
    assert!(poll.unwrap_err().into_service_error().is_queue_does_not_exist());
    assert!(started.elapsed() < WOKEN);
}

#[tokio::test]
async fn a_poll_wakes_when_time_makes_a_message_visible() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[(QueueAttributeName::DelaySeconds, "60")]).await;
    send(&sqs, &url, "later").await;
    let started = Instant::now();
    let poll = tokio::spawn({
        let (sqs, url) = (sqs.clone(), url.clone());
        async move { receive_within(&sqs, &url, 20).await }
    });
    let mut hub = tokio::task::spawn_blocking(move || {
        hub.advance(Duration::from_secs(60));
        hub
    })
    .await
    .unwrap();
    assert_eq!(bodies(&poll.await.unwrap()), ["later"]);
    hub.assert_alive();
    assert!(started.elapsed() < WOKEN);
}

#[tokio::test]
#[ignore = "waits for twenty seconds"]
async fn a_poll_of_the_longest_time_is_answered_in_its_time() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let started = Instant::now();
    assert_eq!(receive_within(&sqs, &url, 20).await, []);
    assert!((19.9..25.0).contains(&started.elapsed().as_secs_f64()));
}
