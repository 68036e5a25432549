//! The HTTP server: accepts connections, reads requests within limits, and lets the backend answer them.
//!
//! The library's own server type takes plain TCP streams only; this one is put together from the library's
//! parts, so that each stream can carry deadlines (see `connection`).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::web::Payload;
use actix_web::{App, HttpRequest, web};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::authority::Host;
use crate::config::Settings;
use crate::engine::desk;

mod backend;
mod body;
mod certificate;
mod clock;
mod connection;
mod events;
mod metrics;
mod places;
mod request;
mod stream;
mod upgrade;

use backend::Backend;
use connection::Connection;
use places::Places;
pub(crate) use request::into_http;
use stream::Stream;

/// What one client may take of the server, and all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) connections: usize,
    /// For the head of a request, from its first byte to its last.
    pub(crate) head: Duration,
    /// For the body of a request, from the end of its head.
    pub(crate) body: Duration,
    /// Bytes of a body, before and after decompression. A message of 1 MiB can be several times as large on the
    /// wire: JSON escapes and percent-encoding take up to six bytes for one.
    pub(crate) body_bytes: usize,
    /// Without progress while an answer is written.
    pub(crate) write: Duration,
    /// Between two requests of a connection. Longer than the clients' own limits (60 to 90 seconds in most SDKs),
    /// because a connection that the server closes may just be carrying the next request.
    pub(crate) idle: Duration,
    /// For a client to take note that its connection is being closed.
    pub(crate) closing: Duration,
    /// After which a client of a socket that says nothing is asked whether it is there.
    pub(crate) heartbeat: Duration,
    /// For requests under way when the server stops, in seconds.
    pub(crate) stop_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: Duration::from_secs(15),
            body: Duration::from_secs(30),
            body_bytes: 16 * 1024 * 1024,
            write: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            closing: Duration::from_secs(2),
            heartbeat: Duration::from_secs(20),
            stop_seconds: 6,
        }
    }
}

/// Connections that wait until a worker is free to accept them.
const BACKLOG: u32 = 1024;

/// Why the server cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the address {0} cannot be found: {1}")]
    Resolve(String, io::Error),
    #[error("cannot listen on {0}: the port is taken; choose another with --port (0 takes a free one)")]
    PortTaken(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("the server ended: {0}")]
    Ended(String),
}

/// Opens the listening socket of the settings.
pub(crate) async fn listen(settings: &Settings) -> Result<TcpListener, Error> {
    let address = resolve(&settings.host, settings.port).await?;
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart must not wait for connections of the last run that are closing.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    open().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken(address),
        _ => Error::Listen(address, error),
    })
}

/// A name such as `localhost` may have addresses of both families; the IPv4 one is where clients look first or
/// fall back to.
async fn resolve(host: &Host, port: u16) -> Result<SocketAddr, Error> {
    let name = match host {
        Host::V4(address) => return Ok(SocketAddr::from((*address, port))),
        Host::V6(address) => return Ok(SocketAddr::from((*address, port))),
        Host::Name(name) => name,
    };
    let failed = |error| Error::Resolve(name.clone(), error);
    let addresses = tokio::net::lookup_host((name.as_str(), port)).await.map_err(failed)?.collect::<Vec<_>>();
    let best = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    best.copied().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// A server at work.
pub(crate) struct Running {
    /// Where it listens; with the real port if a free one was asked for.
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Accepts no more connections, lets requests under way finish within their limit, and ends.
    pub(crate) async fn stop(self) {
        self.handle.stop(true).await;
        let _ = self.task.await;
    }

    /// Returns if the server ends by itself, which is a failure.
    pub(crate) async fn failed(&mut self) -> Error {
        match (&mut self.task).await {
            Ok(Ok(())) => Error::Ended("without a reason".to_owned()),
            Ok(Err(error)) => Error::Ended(error.to_string()),
            Err(error) => Error::Ended(error.to_string()),
        }
    }
}

/// Bodies that a worker reads from the disk at a time: each takes a file and a thread.
const READS_PER_WORKER: usize = 32;

/// Starts to serve on an open socket. Needs a Tokio runtime around it; requests run on threads of their own.
pub(crate) fn start<B: Backend>(
    backend: Arc<B>,
    listener: TcpListener,
    limits: Limits,
) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let places = Places::new(limits.connections, workers);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(places.of_each_worker())
        .worker_max_blocking_threads(READS_PER_WORKER)
        .disable_signals()
        .shutdown_timeout(limits.stop_seconds);
    let stopping = builder.graceful_shutdown_signal();
    let site = request::Site { backend, limits, address };
    let server = builder.listen("http", listener, move || {
        // Each worker makes its own service, on its own thread.
        desk::open();
        let (site, upgrading) = (site.clone(), site.clone());
        let app = App::new().default_service(web::to(move |request: HttpRequest, payload: Payload| {
            let site = site.clone();
            async move { request::answer(&site, &request, payload).await }
        }));
        let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(limits.idle))
            // Timed by `Connection`, for every request of a connection.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(limits.closing)
            // A client that hangs up while its request waits no longer wants an answer; without this, its
            // handler would go on and take messages for nobody.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.watch());
            })
            .upgrade(fn_service(move |(request, framed)| {
                Box::pin(upgrade::answer(upgrading.clone(), request, framed))
            }))
            .h1(apply_fn_factory(map_config(app, |()| AppConfig::default()), |mut request: Request, app| {
                request::make_small(&mut request);
                app.call(request)
            }));
        let places = Arc::clone(&places);
        fn_service(move |stream: TcpStream| {
            let place = places.take();
            async move {
                let peer = stream.peer_addr().ok();
                stream.set_nodelay(true).map_err(DispatchError::Io)?;
                let stream = Stream::new(stream);
                let connection = Connection::new(stream.clone(), limits.head, limits.write);
                connection.watch().keep(stream, place);
                Ok::<_, DispatchError>((connection, peer))
            }
        })
        .and_then(http)
    })?;
    let server = server.run();
    let handle = server.handle();
    Ok(Running { address, handle, task: tokio::spawn(server) })
}

#[cfg(test)]
mod tests;
