//! What the tests share: a hub of their own, and requests as exact bytes.
//!
//! A test starts the real program, waits until it says that it is ready, talks to it over its socket, and ends it.
//! Each test has its own hub, so tests never meet, and one that turns the clock turns nobody else's.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on stops, and says why"
)]

pub mod history;
mod http;
mod hub;
mod proxy;
mod skip;

pub use http::{Answer, Connection, Request, form};
pub use hub::{Hub, Starting, TemporaryFolder, binary, eventually, run};
pub use proxy::Proxy;
pub use skip::skip;
