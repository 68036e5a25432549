use std::time::Duration;

use fanq_client::{Client, Error, Outgoing};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    teapots: u32,
}

/// Sends orders and takes them as they are pushed.
pub async fn run(endpoint: &str) -> Result<(), Error> {
    let client = Client::new(endpoint)?;
    client.create_queue("orders", &[]).await?;
    let socket = client.socket().open().await?;
    for teapots in 1..=3 {
        socket.send("orders", Outgoing::json(&Order { teapots })?).await?;
    }

    let mut orders = socket.consume("orders").credit(10).start().await?;
    let mut teapots = 0;
    while teapots < 6 {
        let Some(delivery) = orders.next().await else { break };
        let delivery = delivery?;
        match delivery.json::<Order>() {
            Ok(order) => {
                teapots += order.teapots;
                delivery.ack().await?;
            }
            Err(_) => delivery.nack(Duration::from_secs(60)).await?,
        }
    }
    socket.close().await;
    Ok(())
}
