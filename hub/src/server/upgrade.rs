//! A request that wants to keep its connection for something else than HTTP: the socket.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use actix_codec::Framed;
use actix_http::h1::Codec;
use actix_http::{HttpMessage as _, Request};
use actix_web::http::StatusCode;
use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;

use super::backend::Backend;
use super::connection::{Connection, Watch};
use super::request::Site;
use crate::base_url::base_url;
use crate::exposure;
use crate::hub::Hub;
use crate::socket;
use crate::socket::handshake::{Opening, PATH, Refusal};
use crate::wire::Head;

/// Serves the connection until it ends. None of the deadlines of requests holds for it any more, but that the client
/// takes what is written.
pub(super) async fn answer<B: Backend>(
    site: Site<B>,
    request: Request,
    framed: Framed<Connection, Codec>,
) -> Result<(), Infallible> {
    let parts = framed.into_parts();
    let mut stream = parts.io;
    let in_handler = Watch::enter_for_good(&request);
    let refusal = match open(&site, &request, in_handler.leaves_its_place()) {
        Ok((opening, hub)) => {
            // Neither the request nor the buffers of HTTP are kept.
            drop(request);
            let read = BytesMut::from(&parts.read_buf[..]);
            drop((parts.read_buf, parts.write_buf));
            let pace = socket::Pace { heartbeat: site.limits.heartbeat, closing: site.limits.closing };
            socket::serve(stream, read, opening, hub, pace).await;
            return Ok(());
        }
        Err(refusal) => refusal,
    };
    if let Err(error) = refuse(&mut stream, &refusal).await {
        tracing::debug!(%error, "a refusal could not be written");
    }
    Ok(())
}

/// An ordinary answer.
struct Answer {
    status: StatusCode,
    text: &'static str,
}

fn open<B: Backend>(site: &Site<B>, request: &Request, is_full: bool) -> Result<(Opening, Arc<Hub>), Answer> {
    let refused = |status, text| Answer { status, text };
    if request.path() != PATH {
        return Err(refused(StatusCode::NOT_FOUND, "There is no such resource."));
    }
    if is_full {
        return Err(refused(StatusCode::SERVICE_UNAVAILABLE, "Too many connections are open."));
    }
    let hub = site.backend.hub();
    let hub = hub.ok_or(refused(StatusCode::SERVICE_UNAVAILABLE, "The hub is starting."))?;
    let query = request.uri().query().unwrap_or_default();
    let head = Head { method: request.method(), path: request.path(), query, headers: request.headers() };
    let settings = site.backend.settings();
    let base_url = base_url(settings, site.address, head.headers);
    let admitted = exposure::admit(settings, &base_url, head.method, query, head.headers);
    let forbidden = admitted.err().map(|refusal| match refusal {
        exposure::Refusal::Host(_) => "this host name is not allowed; --allowed-hosts would let it",
        exposure::Refusal::Origin(_) | exposure::Refusal::Page => {
            "this page is not allowed; --cors-origins would let its origin"
        }
    });
    let opening = Opening::read(&head, settings, base_url, forbidden).map_err(|refusal| match refusal {
        Refusal::Malformed(text) => refused(StatusCode::BAD_REQUEST, text),
        Refusal::Version => {
            refused(StatusCode::UPGRADE_REQUIRED, "Version 13 of the WebSocket protocol is spoken.")
        }
    })?;
    Ok((opening, hub))
}

async fn refuse(stream: &mut Connection, answer: &Answer) -> io::Result<()> {
    let Answer { status, text } = answer;
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         sec-websocket-version: 13\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
