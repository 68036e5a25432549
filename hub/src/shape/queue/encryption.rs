//! The attributes about encryption: a queue has one kind of it, or none. They are only kept; nothing is encrypted
//! with a key of theirs.

use super::attribute::Attribute;
use super::setting::Setting;
use crate::wire::{Code, Fault};
use queue_core::QueueAttributes;

/// Makes the attributes agree after some of them were set: a key of KMS ends encryption with keys that SQS manages,
/// and the other way round.
pub(crate) fn settle(settings: &[Setting], attributes: &mut QueueAttributes) -> Result<(), Fault> {
    let is_key = |setting: &Setting| matches!(setting, Setting::KmsMasterKeyId(Some(_)));
    let is_managed = |setting: &Setting| matches!(setting, Setting::SqsManagedSseEnabled(true));
    let (key, managed) = (settings.iter().any(is_key), settings.iter().any(is_managed));
    if key && managed {
        return Err(Fault::new(
            Code::InvalidAttributeName,
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS \
             SSE.",
        ));
    }
    if key {
        attributes.texts.insert(Attribute::SqsManagedSseEnabled.name().into(), "false".into());
    }
    if managed {
        attributes.texts.remove(Attribute::KmsMasterKeyId.name());
        attributes.texts.remove(Attribute::KmsDataKeyReusePeriodSeconds.name());
    }
    Ok(())
}
