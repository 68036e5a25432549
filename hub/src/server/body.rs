//! Reads the body of a request, within limits of size and time.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Payload};
use flate2::bufread::MultiGzDecoder;
use futures_util::Stream;

/// Why a body cannot be used. In every case the request has had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("The request is larger than this hub accepts.")]
    TooLarge,
    #[error("The request took too long to arrive.")]
    TooSlow,
    #[error("The request ended before its body was complete.")]
    Incomplete,
    #[error("The body of the request cannot be read as its headers describe it.")]
    Malformed,
    #[error("The Content-Encoding of the request is not supported; gzip is.")]
    UnknownEncoding,
}

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For all of it, from its first byte to its last, so that one byte a second does not hold a place.
    pub(super) time: Duration,
    /// Before and after decompression.
    pub(super) bytes: usize,
}

/// Reads all of a body, decompressed.
pub(super) async fn read(payload: Payload, headers: &HeaderMap, limits: Limits) -> Result<Bytes, Error> {
    let encoding = Encoding::of(headers)?;
    let announced = announced_bytes(headers);
    if announced.is_some_and(|bytes| bytes > limits.bytes) {
        return Err(Error::TooLarge);
    }
    let all = collect(payload, announced.unwrap_or_default(), limits.bytes);
    let sent = tokio::time::timeout(limits.time, all).await.map_err(|_| Error::TooSlow)??;
    match encoding {
        Encoding::None => Ok(sent),
        Encoding::Gzip => decompress(&sent, limits.bytes),
    }
}

enum Encoding {
    None,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let Some(value) = headers.get(CONTENT_ENCODING) else {
            return Ok(Self::None);
        };
        match value.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::None),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip),
            _ => Err(Error::UnknownEncoding),
        }
    }
}

fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Most bodies arrive in one piece, which is passed on as it is.
async fn collect(mut payload: Payload, announced: usize, bytes_max: usize) -> Result<Bytes, Error> {
    let Some(first) = next(&mut payload).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > bytes_max {
        return Err(Error::TooLarge);
    }
    let Some(second) = next(&mut payload).await? else {
        return Ok(first);
    };
    let mut all = BytesMut::with_capacity(announced.max(first.len() + second.len()).min(bytes_max));
    all.extend_from_slice(&first);
    let mut chunk = Some(second);
    while let Some(bytes) = chunk {
        if all.len() + bytes.len() > bytes_max {
            return Err(Error::TooLarge);
        }
        all.extend_from_slice(&bytes);
        chunk = next(&mut payload).await?;
    }
    Ok(all.freeze())
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, Error> {
    match poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx)).await.transpose() {
        Ok(chunk) => Ok(chunk),
        Err(PayloadError::Overflow) => Err(Error::TooLarge),
        Err(PayloadError::Incomplete(_) | PayloadError::Io(_)) => Err(Error::Incomplete),
        Err(_) => Err(Error::Malformed),
    }
}

/// A few kilobytes can expand to gigabytes, so no more is expanded than one byte past the limit.
fn decompress(sent: &[u8], bytes_max: usize) -> Result<Bytes, Error> {
    let one_more = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut plain = Vec::with_capacity(sent.len().saturating_mul(2).min(bytes_max));
    MultiGzDecoder::new(sent).take(one_more).read_to_end(&mut plain).map_err(|_| Error::Malformed)?;
    if plain.len() > bytes_max { Err(Error::TooLarge) } else { Ok(plain.into()) }
}
