//! Connections that break in the middle of a request or answer: nobody knows what became of it, and nothing is lost.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use fanq_tests::Hub;

use crate::load::Load;
use crate::load::random::Random;

/// What passes in each direction of a connection before it breaks, at most.
const BYTES_MAX: u64 = 200_000;

#[test]
fn what_is_sent_over_connections_that_break_is_not_lost() {
    let seed = Random::seed("FANQ_KILL_SEED");
    println!("FANQ_KILL_SEED={seed}");
    let mut random = Random::new(seed);
    let mut hub = Hub::start_plain(&[]);
    let load = Load::begin(hub.address, random.next());
    load.back(bad_network(hub.address, random.fork()));
    load.run_for(Duration::from_secs(3));
    let ended = load.end(&mut hub);
    println!("{}", ended.summary);
    assert!(ended.summary.contains("receive unknown"), "{}", ended.summary);
    ended.assert_fine(&hub);
}

/// Passes bytes on to an address, until it has had enough of a connection.
fn bad_network(target: SocketAddr, mut random: Random) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // After the end of the hub there is nowhere to go.
            let Ok(hub) = TcpStream::connect(target) else {
                break;
            };
            let (from_client, from_hub) = (client.try_clone().unwrap(), hub.try_clone().unwrap());
            let (there, back) = (random.below(BYTES_MAX), random.below(BYTES_MAX));
            thread::spawn(move || pass(from_client, hub, there));
            thread::spawn(move || pass(from_hub, client, back));
        }
    });
    address
}

/// Passes so many bytes on in one direction, and then breaks both.
fn pass(mut from: TcpStream, mut to: TcpStream, bytes: u64) {
    let mut left = usize::try_from(bytes).unwrap();
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let room = left.min(buffer.len());
        match from.read(&mut buffer[..room]) {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).is_ok() => left -= count,
            Ok(_) | Err(_) => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
