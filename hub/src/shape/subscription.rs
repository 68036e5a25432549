//! What operations on subscriptions share.

pub(crate) mod attributes;
pub(crate) mod endpoint;
pub(crate) mod listed;
pub(crate) mod quota;
pub(crate) mod redrive;
pub(crate) mod reference;
