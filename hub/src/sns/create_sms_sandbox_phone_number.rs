//! [`CreateSMSSandboxPhoneNumber`](https://docs.aws.amazon.com/sns/latest/api/API_CreateSMSSandboxPhoneNumber.html): registers a
//! number, and sends its holder a one-time password, which lands in the outbox.
//!
//! Differs from AWS: the message is in English, whatever language was asked for.

use crate::delivery::outbox::Letter;
use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{phone_number, record, reply, sandbox, sms};
use crate::wire::{Code, Fault};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSmsSandboxPhoneNumber {
    phone_number: Option<String>,
    language_code: Option<String>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Created {}

impl Operation for CreateSmsSandboxPhoneNumber {
    const NAME: &'static str = "CreateSMSSandboxPhoneNumber";
    type Output = Created;

    async fn run(self, cx: &Context) -> Result<Created, Fault> {
        let number = phone_number::required(self.phone_number.as_deref(), "phoneNumber")?;
        if self.language_code.is_some_and(|code| !sandbox::LANGUAGES.contains(&code.as_str())) {
            return Err(Fault::invalid_parameter("LanguageCode"));
        }
        let (catalogue, caller) = (&cx.hub.catalogue, &cx.caller);
        if sms::is_opted_out(catalogue, &caller.account, &caller.region, &number) {
            return Err(Fault::new(Code::OptedOut, "The phone number is opted out."));
        }
        let key = sandbox::key(&number, cx);
        let password = sandbox::password();
        let attempt = || {
            let kept = catalogue.record(&key);
            if kept.as_ref().is_some_and(|number| sandbox::is_verified(number)) {
                return Err(Fault::new(Code::UserError, "The phone number is verified already."));
            }
            let all = catalogue.records_within(&record::own(sandbox::KIND, "", cx), None, usize::MAX);
            if kept.is_none() && all.len() >= sandbox::NUMBERS_MAX {
                let message = format!("There can be at most {} phone numbers.", sandbox::NUMBERS_MAX);
                return Err(Fault::new(Code::UserError, message));
            }
            let fields = sandbox::pending(&password, cx.hub.now());
            Ok(Step::Propose(record::set(key.clone(), kept.as_deref(), Some(fields)), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await?;
        let message = format!("Your verification code is {password}.");
        cx.hub.outbox.put(Letter::alone("sms", &number, None, message, cx.hub.now()));
        Ok(Created {})
    }
}
