//! The examples in the documentation of the Rust client, run as they stand there.

#![expect(clippy::print_stdout, unreachable_pub, reason = "they are written for programs of their own")]

use std::time::Duration;

use fanq_client::Client;
use fanq_tests::{Hub, TemporaryFolder};

use crate::socket_client::emptied;

#[path = "../../clients/doc/consumer.rs"]
mod consumer;
#[path = "../../clients/doc/live.rs"]
mod live;
#[path = "../../clients/doc/queues.rs"]
mod queues;
#[path = "../../clients/doc/worker.rs"]
mod worker;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_examples_do_what_they_say() {
    let hub = Hub::start(&[]);
    let endpoint = hub.endpoint();
    let client = Client::new(&endpoint).unwrap();
    let run = async {
        queues::run(&endpoint).await.unwrap();
        emptied(&client.queue("inventory")).await;
        consumer::run(&endpoint).await.unwrap();
        emptied(&client.queue("orders")).await;
        live::run(&endpoint).await.unwrap();
        let bills = client.create_queue("bills", &[]).await.unwrap();
        bills.send("12.00").await.unwrap();
        let folder = TemporaryFolder::new();
        let memory = folder.path().join("paid");
        worker::run(&endpoint, &memory, emptied(&bills)).await.unwrap();
        assert_eq!(std::fs::read_to_string(memory).unwrap().lines().count(), 1);
    };
    tokio::time::timeout(PATIENCE, run).await.unwrap();
}

#[test]
fn the_document_shows_the_examples() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rust.md")).unwrap();
    for example in [
        include_str!("../../clients/doc/queues.rs"),
        include_str!("../../clients/doc/consumer.rs"),
        include_str!("../../clients/doc/live.rs"),
        include_str!("../../clients/doc/worker.rs"),
    ] {
        assert!(document.contains(example), "docs/rust.md does not show\n{example}");
    }
}
