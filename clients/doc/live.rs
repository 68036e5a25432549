use fanq_client::{Client, Error, Since, Update};

/// Looks at the last prices of a shop, and at those that follow.
pub async fn run(endpoint: &str) -> Result<(), Error> {
    let client = Client::new(endpoint)?;
    client.create_topic("prices-tea").await?;
    let socket = client.socket().open().await?;
    let mut prices = socket.subscribe("prices-*").since(Since::Last(50)).start().await?;
    socket.publish("prices-tea", "3.20").await?;

    while let Some(update) = prices.next().await {
        match update? {
            Update::Event(event) => {
                println!("{}: {}", event.topic, event.message);
                break;
            }
            Update::Gap(gap) => println!("{} prices are missing", gap.dropped),
            Update::Live(live) => println!("all of the history: {}", live.recovered),
        }
    }
    Ok(())
}
