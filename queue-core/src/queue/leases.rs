//! What a consumer that holds messages by a connection says of them. Other than by a receipt handle of the wire
//! protocols, a receive that has ended stays ended, and whoever holds the message is told why it was lost.

use super::{Queue, is_current};
use crate::limits::VISIBILITY_TOTAL;
use crate::message::Message;
use crate::{Error, Receipt, Timestamp};
use std::time::Duration;

impl Queue {
    /// Lets a receive that has not ended last `visibility` from now, or as long as it does; none ends it.
    pub(crate) fn renew(
        &mut self,
        receipt: Receipt,
        visibility: Duration,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.held(receipt)?;
        if now.after(visibility) > receipt.at.after(VISIBILITY_TOTAL) {
            return Err(Error::BeyondVisibilityTotal);
        }
        let until = self.messages.get(receipt.number).and_then(|message| message.state.until());
        // Whoever was given more time in between keeps it.
        if visibility.is_zero() || until.is_none_or(|until| until < now.after(visibility)) {
            self.hide(receipt.number, visibility, redrive, now);
        }
        Ok(())
    }

    /// Undoes a receive that has not ended, and that nobody was told of.
    pub(crate) fn undo(
        &mut self,
        receipt: Receipt,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.held(receipt)?;
        if let Some(message) = self.messages.get_mut(receipt.number) {
            message.receives = message.receives.saturating_sub(1);
            message.first_received = message.first_received.filter(|_| message.receives > 0);
        }
        self.hide(receipt.number, Duration::ZERO, redrive, now);
        Ok(())
    }

    /// Takes out a message of a receive that has not ended.
    pub(crate) fn give_up(&mut self, receipt: Receipt) -> Result<Option<Message>, Error> {
        self.held(receipt)?;
        Ok(self.remove(receipt.number))
    }

    /// Whether a receive has not ended, and its message is there.
    #[must_use]
    pub fn is_held(&self, receipt: Receipt) -> bool {
        self.held(receipt).is_ok()
    }

    fn held(&self, receipt: Receipt) -> Result<(), Error> {
        match self.messages.get(receipt.number) {
            Some(message) if is_current(message, receipt) => Ok(()),
            Some(_) => Err(Error::ReceiptExpired),
            None if self.purged.is_some_and(|at| receipt.at <= at) => Err(Error::Purged),
            None => Err(Error::NoSuchMessage),
        }
    }
}
