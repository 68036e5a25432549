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

/// The bytes of the checksum that follows each body in an entry. The log makes it and checks it, so that a body can
/// be read and believed without the rest of its entry.
pub const SEAL_BYTES: usize = 4;

/// One command with the bodies it brings, encoded by whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    command: Vec<u8>,
    bodies: Vec<Vec<u8>>,
}

impl Proposal {
    /// Encodes `command`; the `bodies` stand in the order of the command's references to them, whose positions
    /// count for nothing and whose lengths must be those of the bodies. Each is followed by its `seal`.
    #[must_use]
    pub fn new(
        command: &Command,
        mut bodies: Vec<Vec<u8>>,
        seal: impl Fn(&[u8]) -> [u8; SEAL_BYTES],
    ) -> Self {
        for body in &mut bodies {
            let seal = seal(body);
            body.extend_from_slice(&seal);
        }
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
    /// Appends the bytes that the log holds: the header, the commands, then all bodies in order, each with its
    /// seal. Says how many bytes precede the bodies.
    pub fn encode(header: &Header, proposals: &[Proposal], out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.reserve(48 + proposals.iter().map(Proposal::bytes).sum::<usize>());
        header.encode(out);
        (proposals.len() as u64).encode(out);
        for proposal in proposals {
            out.extend_from_slice(&proposal.command);
        }
        let head = out.len() - start;
        for body in proposals.iter().flat_map(|proposal| &proposal.bodies) {
            out.extend_from_slice(body);
        }
        head
    }

    /// Reads an entry whose first byte lies at `position`, giving every body its place.
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
            next += u64::from(body.bytes) + SEAL_BYTES as u64;
        }
        if next == bytes.len() as u64 { Ok(Self { header, commands }) } else { Err(DecodeError::Truncated) }
    }

    /// The bodies that it brings, in order. (Mutably, because so the list of what brings bodies exists once.)
    pub fn bodies(&mut self) -> impl Iterator<Item = crate::BodyRef> {
        self.commands.iter_mut().flat_map(Command::bodies_mut).map(|body| *body)
    }
}
