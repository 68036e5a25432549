//! What operations on subscriptions share.

pub(crate) mod attributes;
#[cfg_attr(not(test), expect(dead_code, reason = "subscriptions over HTTP use it"))]
pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod listed;
pub(crate) mod quota;
pub(crate) mod redrive;
pub(crate) mod reference;
pub(crate) mod replay;
