//! Shapes that operations of several kinds share.

pub(crate) mod arn;
pub(crate) mod attribute;
pub(crate) mod change;
pub(crate) mod delivery_policy;
pub(crate) mod moment;
pub(crate) mod phone_number;
pub(crate) mod platform;
pub(crate) mod principal;
pub(crate) mod priority;
pub(crate) mod publication;
pub(crate) mod queue;
pub(crate) mod record;
pub(crate) mod reply;
pub(crate) mod sandbox;
pub(crate) mod sms;
pub(crate) mod statements;
pub(crate) mod subscription;
pub(crate) mod through;
pub(crate) mod token;
pub(crate) mod topic;
