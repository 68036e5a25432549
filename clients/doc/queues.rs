use std::time::Duration;

use fanq_client::{Client, Error, MessageAttribute, Outgoing, Receive};

/// Publishes an order and receives it from a queue.
pub async fn run(endpoint: &str) -> Result<(), Error> {
    let client = Client::new(endpoint)?;
    let queue = client.create_queue("inventory", &[("VisibilityTimeout", "30")]).await?;
    let topic = client.create_topic("orders").await?;
    topic.subscribe(&queue.arn().await?, &[("FilterPolicy", r#"{"kind":["physical"]}"#)]).await?;
    let teapot = Outgoing::from("one teapot").attribute("kind", MessageAttribute::string("physical"));
    topic.publish(teapot).await?;

    let wait = Duration::from_secs(20);
    for message in queue.receive(Receive { wait, ..Receive::default() }).await? {
        println!("{}", message.body);
        queue.delete(&message.receipt_handle).await?;
    }
    Ok(())
}
