//! What an answer means for a delivery.

use crate::delivery::caller::{Answer, Failure};

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// The endpoint does not want it, or may not be called: trying again changes nothing.
    Refused,
    /// It may succeed another time.
    Failed,
}

impl Verdict {
    pub(super) fn of(result: &Result<Answer, Failure>) -> Self {
        match result {
            Ok(answer) => match answer.status {
                200..=299 => Self::Delivered,
                429 => Self::Failed,
                400..=499 => Self::Refused,
                _ => Self::Failed,
            },
            Err(Failure::Denied(_)) => Self::Refused,
            Err(Failure::Timeout | Failure::Connection(_)) => Self::Failed,
        }
    }

    /// Whether the endpoint is there: a refusal is an answer.
    pub(super) fn is_answer(self) -> bool {
        match self {
            Self::Delivered | Self::Refused => true,
            Self::Failed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn an_answer_decides_whether_a_delivery_is_tried_again() {
        for (status, expected) in [
            (200, Verdict::Delivered),
            (204, Verdict::Delivered),
            (302, Verdict::Failed),
            (400, Verdict::Refused),
            (404, Verdict::Refused),
            (429, Verdict::Failed),
            (499, Verdict::Refused),
            (500, Verdict::Failed),
            (503, Verdict::Failed),
            (600, Verdict::Failed),
        ] {
            let answer = Answer { status, body: Bytes::new(), is_cut: false };
            assert_eq!(Verdict::of(&Ok(answer)), expected, "{status}");
        }
        for (failure, expected) in [
            (Failure::Timeout, Verdict::Failed),
            (Failure::Connection(String::new()), Verdict::Failed),
            (Failure::Denied(String::new()), Verdict::Refused),
        ] {
            assert_eq!(Verdict::of(&Err(failure)), expected);
        }
    }
}
