//! A network that breaks: what stands between a client and the hub, and cuts their connections or falls silent.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Takes connections at one address and makes each to another, which may change. It ends with the process.
#[derive(Debug)]
pub struct Proxy {
    /// Where clients connect.
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    open: Vec<TcpStream>,
    /// Of the connections that are open: nothing goes through them any more.
    is_silent: Arc<AtomicBool>,
}

impl Proxy {
    /// Stands before an address.
    #[must_use]
    pub fn new(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared { target, open: Vec::new(), is_silent: Arc::default() }));
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut shared = lock(&accepting);
                let Ok(hub) = TcpStream::connect(shared.target) else { continue };
                for stream in [&client, &hub] {
                    let _ = stream.set_nodelay(true);
                    shared.open.extend(stream.try_clone().ok());
                }
                let (from_client, to_client) = (client.try_clone(), client);
                let (from_hub, to_hub) = (hub.try_clone(), hub);
                if let (Ok(from_client), Ok(from_hub)) = (from_client, from_hub) {
                    for (from, to) in [(from_client, to_hub), (from_hub, to_client)] {
                        let is_silent = Arc::clone(&shared.is_silent);
                        thread::spawn(move || copy(from, to, &is_silent));
                    }
                }
            }
        });
        Self { address, shared }
    }

    /// The URL that clients call.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        for stream in std::mem::take(&mut lock(&self.shared).open) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Nothing goes through the connections that there are any more, in neither direction, and nobody is told: they
    /// stay open.
    pub fn fall_silent(&self) {
        std::mem::take(&mut lock(&self.shared).is_silent).store(true, Ordering::Relaxed);
    }

    /// New connections go to another address.
    pub fn turn_to(&self, target: SocketAddr) {
        lock(&self.shared).target = target;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn copy(mut from: TcpStream, mut to: TcpStream, is_silent: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        // Not even an end goes through.
        while is_silent.load(Ordering::Relaxed) {
            thread::park();
        }
        if count == 0 {
            break;
        }
        let Some(bytes) = buffer.get(..count) else { break };
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
