//! A hub that may open few files: it says so, and more connections than it has files do it no harm.

use fanq_tests::{Connection, Hub, Request, TemporaryFolder, eventually};

/// The limit of many systems, and more clients than fit into it. (This test has the same limit.)
const FILES: usize = 1_024;
const CLIENTS: usize = 900;

/// A hub that cannot raise its limit.
fn limited(folder: &TemporaryFolder) -> Hub {
    let shell = ["sh".to_owned(), "-c".to_owned(), format!(r#"ulimit -n {FILES} && exec "$0" "$@""#)];
    Hub::starting_by(&shell, folder.path(), &[]).ready().unwrap()
}

#[test]
fn clients_that_keep_connections_for_later_leave_room_for_others() {
    let folder = TemporaryFolder::new();
    let hub = limited(&folder);
    let mut kept = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Connection::open(&hub);
        client.write(&Request::json("ListQueues", "{}").bytes(&hub));
        assert_eq!(client.answer().status, 200);
        kept.push(client);
    }
    assert_eq!(Request::get("/health").send(&hub).status, 200);
    assert!(!hub.log().contains("further clients wait"), "{}", hub.log());
}

#[test]
fn more_clients_than_files_wait_for_their_turn() {
    let folder = TemporaryFolder::new();
    let mut hub = limited(&folder);
    let log = hub.log();
    assert!(log.contains(&format!("no more than {FILES} files")) && log.contains("ulimit -Hn"), "{log}");
    let mut clients = (0..CLIENTS).map(|_| Connection::open(&hub)).collect::<Vec<_>>();
    eventually("all places are taken", || hub.log().contains("further clients wait"));
    clients[0].write(&Request::json("CreateQueue", r#"{"QueueName": "orders"}"#).bytes(&hub));
    assert_eq!(clients[0].answer().status, 200, "who is there is served");
    drop(clients);
    let sent = Request::json("SendMessage", r#"{"QueueUrl": "orders", "MessageBody": "kept"}"#).send(&hub);
    assert_eq!(sent.status, 200, "and so is who comes after them: {sent:?}");
    hub.assert_alive();
    let log = hub.log();
    assert_eq!(log.matches("further clients wait").count(), 1, "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
}
