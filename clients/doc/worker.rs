use std::path::Path;
use std::time::Duration;

use fanq_client::{Client, Error, FileStore, Message};

/// What is done with one message.
async fn pay(message: Message) -> Result<(), String> {
    match message.body.as_str() {
        "" => Err("nothing to pay".to_owned()),
        amount => {
            println!("paid {amount}");
            Ok(())
        }
    }
}

/// Pays until it is told to stop, each bill once.
pub async fn run(endpoint: &str, memory: &Path, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let week = Duration::from_secs(7 * 24 * 3600);
    let memory =
        FileStore::open(memory, week, 1_000_000).map_err(|error| Error::Setting(error.to_string()))?;
    let socket = Client::new(endpoint)?.socket().open().await?;
    let ended = socket
        .worker("bills")
        .concurrency(2..=64)
        .once(memory)
        .breaker(10, Duration::from_secs(30))
        .run(pay, stop)
        .await?;
    println!("{} paid, {} failures", ended.done, ended.failed);
    socket.close().await;
    Ok(())
}
