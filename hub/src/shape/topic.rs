//! What operations on topics share.

pub(crate) mod access_policy;
pub(crate) mod attributes;
pub(crate) mod limits;
pub(crate) mod list;
pub(crate) mod reference;
pub(crate) mod refusal;
pub(crate) mod tags;
