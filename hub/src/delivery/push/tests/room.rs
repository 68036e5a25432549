//! How much is under way at once.

use super::*;
use tokio::sync::watch;

/// A server that answers nobody until it is told to.
struct Slow {
    url: String,
    /// One for each request that has come.
    requests: mpsc::UnboundedReceiver<()>,
    answers: watch::Sender<bool>,
}

impl Slow {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/inbox", listener.local_addr().unwrap());
        let (send, requests) = mpsc::unbounded_channel();
        let (answers, may_answer) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve_slowly(connection, send.clone(), may_answer.clone()));
            }
        });
        Self { url, requests, answers }
    }

    /// Waits for so many requests.
    async fn wait_for(&mut self, count: usize) {
        for number in 0..count {
            let come = tokio::time::timeout(FAILED, self.requests.recv()).await;
            come.unwrap_or_else(|_| panic!("{number} of {count} requests")).unwrap();
        }
    }
}

async fn serve_slowly(
    mut connection: TcpStream,
    requests: mpsc::UnboundedSender<()>,
    mut may_answer: watch::Receiver<bool>,
) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"END") {
        if connection.read_buf(&mut bytes).await.unwrap_or_default() == 0 {
            return;
        }
    }
    requests.send(()).ok();
    may_answer.wait_for(|may| *may).await.ok();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    connection.write_all(answer).await.ok();
}

impl World {
    /// The values of a metric, but for what is shown of the others together.
    async fn measured(&self, name: &str) -> Vec<u64> {
        let text = self.hub.expose_metrics().await.unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.split_once("\"} "));
        lines.filter(|(labels, _)| !labels.ends_with('*')).map(|(_, value)| value.parse().unwrap()).collect()
    }
}

#[actix_web::test]
async fn what_is_under_way_is_bounded_by_its_bytes_and_the_rest_stays_in_the_queue() {
    /// More than are under way together, less than the places of a subscription.
    const ALL: usize = 48;
    /// The first, and 31 that are a little longer than 1 MiB with what the log keeps besides.
    const TOGETHER: usize = 32;
    let world = World::agreeing().await;
    let size = [("AttributeName", "MaximumMessageSize"), ("AttributeValue", "1048576")];
    world.call("SetTopicAttributes", &[&[("TopicArn", TOPIC)], &size[..]].concat()).await;
    let mut slow = Slow::start().await;
    world.subscribe(&slow.url, &[("RawMessageDelivery", "true")]).await;
    let message = format!("{}END", "m".repeat((1 << 20) - 3));
    for _ in 0..ALL {
        world.call("Publish", &[("TopicArn", TOPIC), ("Message", &message)]).await;
    }
    slow.wait_for(TOGETHER).await;
    // One message of another subscription always finds room.
    let mut quick = Receiver::start(&[]).await;
    world.subscribe(&quick.url, &[("RawMessageDelivery", "true")]).await;
    world.call("Publish", &[("TopicArn", TOPIC), ("Message", "END")]).await;
    assert_eq!(quick.next().await.body, "END");
    let waits = (ALL + 1 - TOGETHER) as u64;
    let expected = (vec![waits, 0], vec![TOGETHER as u64, 0]);
    let settled = async {
        let measured = async || {
            let visible = world.measured("fanq_push_messages_visible{").await;
            (visible, world.measured("fanq_push_messages_in_flight{").await)
        };
        while measured().await != expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(FAILED, settled).await.expect("the rest waits in the queue");
    assert!(slow.requests.try_recv().is_err(), "nothing else was posted");
    slow.answers.send_replace(true);
    slow.wait_for(ALL + 1 - TOGETHER).await;
    world.stop().await;
}
