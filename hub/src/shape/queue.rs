//! What several operations of SQS share: their parameters, the rules for them, and the limits.

pub(crate) mod attribute;
pub(crate) mod batch;
pub(crate) mod command;
pub(crate) mod encryption;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod message_attribute;
pub(crate) mod move_task;
pub(crate) mod name;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod permission;
pub(crate) mod policy;
pub(crate) mod priority;
pub(crate) mod receipt_handle;
pub(crate) mod redrive_allow_policy;
pub(crate) mod redrive_policy;
pub(crate) mod refusal;
pub(crate) mod selection;
pub(crate) mod setting;
pub(crate) mod tag;
pub(crate) mod text;
pub(crate) mod url;
pub(crate) mod visibility_timeout;
