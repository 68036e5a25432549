use super::*;
use filters::Cidr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What a server does with a request once it has read it.
#[derive(Clone, Copy)]
enum Conduct {
    Answers(&'static str),
    /// Says nothing until the caller is gone.
    Hangs,
    /// Begins an answer, and says no more.
    Stalls,
    /// Sends an answer of so many bytes.
    Floods(usize),
    Breaks,
}

const NO_CONTENT: Conduct = Conduct::Answers("HTTP/1.1 204 No Content\r\n\r\n");

/// A server on loopback, and the requests that it was sent.
struct Server {
    port: u16,
    requests: mpsc::UnboundedReceiver<String>,
}

async fn start(conduct: Conduct) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, conduct, send.clone()));
        }
    });
    Server { port, requests }
}

async fn serve(mut connection: TcpStream, conduct: Conduct, requests: mpsc::UnboundedSender<String>) {
    let mut request = Vec::new();
    while !request.ends_with(b"the body") {
        if connection.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    requests.send(String::from_utf8(request.clone()).unwrap()).ok();
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    match conduct {
        Conduct::Answers(text) => connection.write_all(text.as_bytes()).await.unwrap(),
        Conduct::Hangs => {}
        Conduct::Stalls => connection.write_all(head(10).as_bytes()).await.unwrap(),
        Conduct::Floods(length) => {
            connection.write_all(head(length).as_bytes()).await.unwrap();
            // The caller may be gone before the end.
            connection.write_all(&vec![b'x'; length]).await.ok();
        }
        Conduct::Breaks => return,
    }
    // Until the caller hangs up.
    while connection.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
}

const OWN: AddressRules = AddressRules { allow: Vec::new(), deny: Vec::new(), is_on_loopback: true };

async fn post(rules: AddressRules, timeout: Duration, url: &str) -> Result<Answer, Failure> {
    let caller = Caller::new(rules, timeout).unwrap();
    let headers = [("x-amz-sns-message-type", "Notification"), ("content-type", "text/plain; charset=UTF-8")];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
    caller.post(url.parse().unwrap(), headers.into_iter().collect(), Bytes::from_static(b"the body")).await
}

async fn check(conduct: Conduct, expected: Result<(u16, usize, bool), Failure>) {
    let server = start(conduct).await;
    // Long for an answer that comes, short for one that does not.
    let timeout = match conduct {
        Conduct::Hangs | Conduct::Stalls => Duration::from_millis(50),
        Conduct::Answers(_) | Conduct::Floods(_) | Conduct::Breaks => TIMEOUT,
    };
    let answer = post(OWN, timeout, &format!("http://127.0.0.1:{}/", server.port)).await;
    assert_eq!(answer.map(|answer| (answer.status, answer.body.len(), answer.is_cut)), expected);
}

#[tokio::test]
async fn a_request_looks_like_one_of_aws() {
    let mut server = start(NO_CONTENT).await;
    let url = format!("http://user:p%40ss@127.0.0.1:{}/hook?a=b", server.port);
    assert_eq!(post(OWN, TIMEOUT, &url).await.unwrap().status, 204);
    let request = server.requests.recv().await.unwrap();
    assert!(request.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{request}");
    for line in [
        "user-agent: Amazon Simple Notification Service Agent",
        "accept-encoding: gzip,deflate",
        "authorization: Basic dXNlcjpwQHNz",
        "x-amz-sns-message-type: Notification",
        "content-type: text/plain; charset=UTF-8",
        "content-length: 8",
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{line} in {request}");
    }
}

#[tokio::test]
async fn an_answer_is_its_status_and_the_beginning_of_its_body() {
    check(NO_CONTENT, Ok((204, 0, false))).await;
    check(Conduct::Answers("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy"), Ok((503, 4, false))).await;
    check(Conduct::Floods(ANSWER_BYTES_MAX), Ok((200, ANSWER_BYTES_MAX, false))).await;
    check(Conduct::Floods(ANSWER_BYTES_MAX + 1), Ok((200, ANSWER_BYTES_MAX, true))).await;
    check(Conduct::Floods(8 << 20), Ok((200, ANSWER_BYTES_MAX, true))).await;
}

#[tokio::test]
async fn other_limits_can_be_set_for_the_same_caller() {
    let caller = Caller::new(OWN, TIMEOUT).unwrap();
    for (bytes_max, expected) in [(10, (10, true)), (100, (100, false))] {
        let server = start(Conduct::Floods(100)).await;
        let url = format!("http://127.0.0.1:{}/", server.port).parse().unwrap();
        let limited = caller.within(TIMEOUT, bytes_max);
        let answer = limited.post(url, HeaderMap::new(), Bytes::from_static(b"the body")).await.unwrap();
        assert_eq!((answer.body.len(), answer.is_cut), expected);
    }
    let hanging = start(Conduct::Hangs).await;
    let url = format!("http://127.0.0.1:{}/", hanging.port).parse().unwrap();
    let hasty = caller.within(Duration::from_millis(50), ANSWER_BYTES_MAX);
    let answer = hasty.post(url, HeaderMap::new(), Bytes::from_static(b"the body")).await;
    assert_eq!(answer, Err(Failure::Timeout));
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    check(Conduct::Hangs, Err(Failure::Timeout)).await;
    // What it said counts, though it did not say all.
    check(Conduct::Stalls, Ok((200, 0, true))).await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure() {
    let server = start(Conduct::Breaks).await;
    let broken = post(OWN, TIMEOUT, &format!("http://127.0.0.1:{}/", server.port)).await;
    assert!(matches!(broken, Err(Failure::Connection(_))), "{broken:?}");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = post(OWN, TIMEOUT, &format!("http://user:secret@127.0.0.1:{free}/")).await;
    let Err(Failure::Connection(text)) = refused else { panic!("{refused:?}") };
    assert!(!text.contains("secret") && !text.is_empty(), "{text}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let mut server =
        start(Conduct::Answers("HTTP/1.1 302 Found\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n")).await;
    let answer = post(OWN, TIMEOUT, &format!("http://127.0.0.1:{}/first", server.port)).await;
    assert_eq!(answer.unwrap().status, 302);
    assert!(server.requests.recv().await.unwrap().starts_with("POST /first "));
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn what_may_not_be_called_is_not_called_however_it_is_written() {
    let mut server = start(NO_CONTENT).await;
    let port = server.port;
    let deny = ["127.0.0.0/8", "::1/128"].map(|block| Cidr::parse(block).unwrap()).to_vec();
    for (host, named) in [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[::1]", "::1"),
        ("localhost", "localhost"),
        ("LOCALHOST", "localhost"),
    ] {
        let url = format!("http://{host}:{port}/");
        for rules in [AddressRules { deny: deny.clone(), ..OWN }, AddressRules::default()] {
            assert_eq!(post(rules, TIMEOUT, &url).await, Err(Failure::Denied(named.to_owned())), "{host}");
        }
    }
    assert!(server.requests.try_recv().is_err());
    let allow = vec![Cidr::parse("127.0.0.1/32").unwrap()];
    let rules = AddressRules { allow, deny, is_on_loopback: false };
    for host in ["127.0.0.1", "localhost"] {
        let answer = post(rules.clone(), TIMEOUT, &format!("http://{host}:{port}/")).await;
        assert_eq!(answer.unwrap().status, 204, "{host}");
        server.requests.recv().await.unwrap();
    }
}

#[tokio::test]
async fn whether_somebody_listens_is_known_by_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let deny = ["127.0.0.0/8", "::1/128"].map(|block| Cidr::parse(block).unwrap()).to_vec();
    let denying = AddressRules { deny, ..OWN };
    for host in ["127.0.0.1", "localhost"] {
        let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
        assert_eq!(connect(&url, &OWN).await, Ok(()));
        assert_eq!(connect(&url, &denying).await, Err(Failure::Denied(host.to_owned())));
    }
    drop(listener);
    for host in [format!("127.0.0.1:{port}"), "nobody.invalid".to_owned()] {
        let failed = connect(&Url::parse(&format!("https://{host}/")).unwrap(), &OWN).await;
        assert!(matches!(failed, Err(Failure::Connection(_))), "{host}: {failed:?}");
    }
}
