//! A batch of commands as the log holds it.

use crate::codec::{Codec, DecodeError, Reader};
use crate::{Command, LEVEL, Position, Timestamp, encoded};

encoded! {
    /// What the log and the proposer say about a batch.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Header {
        /// When the log took it.
        pub time: Timestamp,
        /// Where the batch's identities come from: drawn by the log, different for each batch.
        pub seed: u128,
        /// Who proposed it: a number that rises with every start.
        pub run: u64,
        /// Its number among the proposer's batches.
        pub batch: u64,
    }
}

/// One command with the bodies it brings, encoded by whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    command: Vec<u8>,
    bodies: Vec<Vec<u8>>,
}

impl Proposal {
    /// Encodes `command`; the `bodies` stand in the order of the command's references to them, whose positions
    /// count for nothing and whose lengths must be those of the bodies.
    #[must_use]
    pub fn new(command: &Command, bodies: Vec<Vec<u8>>) -> Self {
        Self { command: command.to_bytes(), bodies }
    }

    /// How much it adds to an entry.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.command.len() + self.bodies.iter().map(Vec::len).sum::<usize>()
    }
}

/// A batch of commands: applied whole and in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the log and the proposer say about it.
    pub header: Header,
    /// The commands; their bodies have their places in the log.
    pub commands: Vec<Command>,
}

impl Entry {
    /// The bytes that the log holds: the header, the commands, then all bodies in order.
    #[must_use]
    pub fn encode(header: &Header, proposals: &[Proposal]) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + proposals.iter().map(Proposal::bytes).sum::<usize>());
        header.encode(&mut out);
        (proposals.len() as u64).encode(&mut out);
        for proposal in proposals {
            out.extend_from_slice(&proposal.command);
        }
        for body in proposals.iter().flat_map(|proposal| &proposal.bodies) {
            out.extend_from_slice(body);
        }
        out
    }

    /// Reads an entry that lies at `position`, giving every body its place.
    ///
    /// # Errors
    /// If these are not the bytes of an entry, or of one that this version knows.
    pub fn decode(position: Position, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let header = Header::decode(&mut input)?;
        let mut commands = Vec::<Command>::decode(&mut input)?;
        for command in &commands {
            if let Command::Genesis(genesis) = command
                && genesis.level != LEVEL
            {
                return Err(DecodeError::UnknownLevel(genesis.level));
            }
        }
        let mut next = (bytes.len() - input.remaining()) as u64;
        for body in commands.iter_mut().flat_map(Command::bodies_mut) {
            body.position = Position(position.0.checked_add(next).ok_or(DecodeError::Malformed)?);
            next += u64::from(body.bytes);
        }
        if next == bytes.len() as u64 { Ok(Self { header, commands }) } else { Err(DecodeError::Truncated) }
    }
}
