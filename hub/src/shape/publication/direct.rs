//! A message to one telephone or one device, with no topic in between: it goes to the outbox at once.

use super::{Asked, attributes, check_characters, check_subject, check_text, texts, too_long};
use crate::content::{Attribute, Value};
use crate::delivery::outbox::Letter;
use crate::operation::Context;
use crate::shape::platform::endpoint::{self, Unreachable};
use crate::shape::topic::limits;
use crate::shape::{phone_number, sandbox, sms};
use crate::wire::{Code, Fault};

/// Where a message goes.
pub(crate) enum Recipient<'a> {
    Number(&'a str),
    Endpoint(&'a str),
}

/// Hands a message over, and gives its id. The holder of a number that opted out, or that the sandbox does not know,
/// gets nothing, which AWS tells nobody but its delivery log.
pub(crate) fn publish(recipient: &Recipient<'_>, asked: &Asked<'_>, cx: &Context) -> Result<String, Fault> {
    let letter = match recipient {
        Recipient::Number(text) => {
            let wrong = || {
                Fault::invalid_parameter(format_args!(
                    "PhoneNumber Reason: {text} is not valid to publish to"
                ))
            };
            let number = phone_number::parse(text).ok_or_else(wrong)?;
            let letter = letter("sms", &number, "sms", asked, cx)?;
            if letter.message.chars().count() > limits::TEXT_MESSAGE_CHARACTERS_MAX {
                return Err(too_long());
            }
            let (account, region) = (&cx.caller.account, &cx.caller.region);
            if sms::is_opted_out(&cx.hub.catalogue, account, region, &number)
                || sandbox::withholds(&cx.hub, account, region, &number)
            {
                return Ok(letter.message_id);
            }
            letter
        }
        Recipient::Endpoint(arn) => {
            let key = endpoint::target(arn, &cx.caller);
            let platform = key.and_then(|key| endpoint::platform(&key, &cx.hub.catalogue));
            letter("application", arn, &platform.map_err(unreachable)?, asked, cx)?
        }
    };
    let id = letter.message_id.clone();
    cx.hub.outbox.put(letter);
    Ok(id)
}

/// The letter that a message becomes: of one with a text for each protocol, that under the key.
fn letter(protocol: &str, to: &str, key: &str, asked: &Asked<'_>, cx: &Context) -> Result<Letter, Fault> {
    let message = asked.message.ok_or_else(|| Fault::null_member("message"))?;
    check_text(message)?;
    check_characters("Message", message)?;
    check_subject(asked.subject)?;
    let attributes = attributes::parse(asked.attributes, asked.path)?;
    check_settings(&attributes)?;
    let attribute_bytes: usize = attributes.iter().map(Attribute::bytes).sum();
    if message.len() + attribute_bytes > limits::MESSAGE_BYTES_DEFAULT {
        return Err(too_long());
    }
    let text = match texts(asked.structure, message)? {
        Some(texts) => texts.into_text(key),
        None => message.to_owned(),
    };
    Ok(Letter::alone(protocol, to, asked.subject, text, cx.hub.now()))
}

/// The attributes that overrule the account's settings of text messages.
fn check_settings(attributes: &[Attribute]) -> Result<(), Fault> {
    const PREFIX: &str = "AWS.SNS.SMS.";
    for attribute in attributes {
        let setting = match attribute.name.strip_prefix(PREFIX) {
            Some("SMSType") => "DefaultSMSType",
            Some("SenderID") => "DefaultSenderID",
            Some(_) | None => continue,
        };
        let is_valid = match &attribute.value {
            Value::Text(text) => sms::set(&mut queue_core::Tags::new(), setting, text).is_ok(),
            Value::Binary(_) => false,
        };
        if !is_valid {
            let what = format_args!("MessageAttributes Reason: {} is invalid", attribute.name);
            return Err(Fault::invalid_parameter(what));
        }
    }
    Ok(())
}

fn unreachable(why: Unreachable) -> Fault {
    match why {
        Unreachable::Unknown => {
            Fault::invalid_parameter("TargetArn Reason: No endpoint found for the target arn specified")
        }
        Unreachable::ApplicationDisabled => {
            Fault::new(Code::PlatformApplicationDisabled, "Platform application is disabled")
        }
        Unreachable::Disabled => Fault::new(Code::EndpointDisabled, "Endpoint is disabled"),
    }
}
