//! Shapes that operations of several kinds share.

pub(crate) mod arn;
pub(crate) mod attribute;
