//! What operations on subscriptions share.

pub(crate) mod attributes;
pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod listed;
pub(crate) mod notice;
pub(crate) mod protocol;
pub(crate) mod quota;
pub(crate) mod redrive;
pub(crate) mod reference;
pub(crate) mod replay;
