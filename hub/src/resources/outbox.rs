//! `/_fanq/outbox`: what AWS would have handed to carriers, devices and mailboxes, the newest first.

use super::{Answer, Ask, Refusal};
use crate::delivery::outbox::{LETTERS_MAX, Wanted};
use actix_web::http::{Method, StatusCode};

/// `GET ?protocol=&to=&limit=` lists, `DELETE` empties it.
pub(super) fn answer(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let outbox = &ask.cx.hub.outbox;
    if ask.method == Method::GET {
        ask.takes(&["protocol", "to", "limit"])?;
        let (protocol, to) = (ask.parameters.first("protocol"), ask.parameters.first("to"));
        let wanted = Wanted { protocol, to, limit: limit(ask.parameters.first("limit"))? };
        let letters = outbox.list(wanted);
        let shown: Vec<_> = letters.iter().map(AsRef::as_ref).collect();
        Answer::json(StatusCode::OK, &shown)
    } else if ask.method == Method::DELETE {
        // All of it goes, so nothing that would choose is taken.
        ask.takes(&[])?;
        outbox.clear();
        Ok(Answer::nothing())
    } else {
        Err(Refusal::only("GET, DELETE"))
    }
}

fn limit(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else {
        return Ok(LETTERS_MAX);
    };
    let limit = text.parse().ok().filter(|limit| (1..=LETTERS_MAX).contains(limit));
    limit.ok_or_else(|| Refusal::bad(format!("limit must be a whole number from 1 to {LETTERS_MAX}.")))
}
