//! Why the hub ends a connection, as its client is told.

/// The code of a close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The hub is stopping.
    Shutdown,
    BadFrame,
    NotAuthenticated,
    Forbidden,
    Timeout,
    TakenOver,
    TooLarge,
    TooMuch,
    Internal,
}

impl Code {
    pub(super) fn number(self) -> u16 {
        match self {
            Self::Shutdown => 1001,
            Self::BadFrame => 4400,
            Self::NotAuthenticated => 4401,
            Self::Forbidden => 4403,
            Self::Timeout => 4408,
            Self::TakenOver => 4409,
            Self::TooLarge => 4413,
            Self::TooMuch => 4429,
            Self::Internal => 4500,
        }
    }
}

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client said that it ends.
    Orderly,
    /// It is just gone.
    Broken,
    /// The hub ends it.
    Closed(Code, String),
}

impl End {
    pub(super) fn closed(code: Code, reason: impl Into<String>) -> Self {
        Self::Closed(code, reason.into())
    }

    /// Whether nobody will come back for what the connection held.
    pub(super) fn is_orderly(&self) -> bool {
        match self {
            Self::Orderly | Self::Closed(Code::Shutdown, _) => true,
            Self::Broken | Self::Closed(_, _) => false,
        }
    }
}
