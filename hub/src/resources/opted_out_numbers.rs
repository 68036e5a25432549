//! `/_fanq/opted-out-numbers/{number}`: the holder of a number wants no text messages of the caller's account, as if
//! he had answered one with STOP.

use super::{Answer, Ask, Refusal};
use crate::shape::{phone_number, sms};
use actix_web::http::Method;

/// `PUT` opts the number out, `DELETE` in again.
pub(super) async fn answer(number: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let is_out = ask.method == Method::PUT;
    if !is_out && ask.method != Method::DELETE {
        return Err(Refusal::only("PUT, DELETE"));
    }
    ask.takes(&[])?;
    let wrong = || Refusal::bad("A number is written as +12065550100.");
    let number = phone_number::parse(number).ok_or_else(wrong)?;
    sms::opt(&number, is_out, &ask.cx).await?;
    Ok(Answer::nothing())
}
