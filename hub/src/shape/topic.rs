//! What operations on topics share.

pub(crate) mod access_policy;
pub(crate) mod attributes;
pub(crate) mod data_protection;
pub(crate) mod limits;
pub(crate) mod list;
pub(crate) mod permission;
pub(crate) mod reference;
pub(crate) mod refusal;
pub(crate) mod schema;
pub(crate) mod tags;
