//! What a look at a store finds, in words and for machines.

use super::super::format::{StoreHeader, segment_name};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// A half-open range of bytes or positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What can be done about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Remedy {
    /// Nothing is lost, and nothing needs to be done.
    Harmless,
    /// Nothing is lost; the next start, or the checkpoints after it, replace what is damaged.
    Heals,
    /// `fanq check --cut` gives up what is damaged and keeps the rest.
    Cut,
    /// Another version of the program is needed.
    Version,
    /// Only a backup helps.
    Backup,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    NothingYet,
    TornEnd,
    Unfinished,
    SetAside,
    Foreign,
    TooLong,
    NotNeeded,
    UnneededBodies,
    StoreMissing,
    StoreDamaged,
    OtherStore,
    UnknownVersion,
    HeaderDamaged,
    SegmentMissing,
    SegmentTruncated,
    RunMissing,
    CheckpointDamaged,
    CheckpointDiffers,
    NoCheckpoint,
    RecordsDamaged,
    LogEndsEarly,
    Diverged,
    BodiesDamaged,
}

/// Messages of a queue, or of a topic's archive, whose bodies cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Affected {
    /// The ARN of the queue or topic.
    pub(crate) queue: String,
    pub(crate) messages: usize,
    /// Their identities, as receivers would have seen them.
    pub(crate) ids: Vec<String>,
}

/// One thing that is not as it was written, or that does not belong here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) remedy: Remedy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Where in that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<Span>,
    /// Where in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) positions: Option<Span>,
    /// What is wrong and what it touches, as a sentence without its end.
    pub(crate) what: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) affected: Vec<Affected>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, remedy: Remedy, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { kind, remedy, file: None, bytes: None, positions: None, what, affected: Vec::new() }
    }

    pub(crate) fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    pub(crate) fn at_bytes(mut self, from: u64, to: u64) -> Self {
        self.bytes = Some(Span { from, to });
        self
    }

    pub(crate) fn at_positions(mut self, from: u64, to: u64) -> Self {
        self.positions = Some(Span { from, to });
        self
    }

    /// Names the segment and both ranges; what lies beyond the segment is told by the positions alone.
    pub(crate) fn in_segment(self, start: u64, end: u64, from: u64, to: u64) -> Self {
        let bytes = (from.saturating_sub(start), to.min(end).saturating_sub(start));
        self.in_file(segment_name(start)).at_bytes(bytes.0, bytes.1).at_positions(from, to)
    }

    /// Whether it is about that segment.
    pub(crate) fn is_in(&self, start: u64) -> bool {
        self.file.as_ref().is_some_and(|file| *file == segment_name(start))
    }

    pub(crate) fn is_harmless(&self) -> bool {
        self.remedy == Remedy::Harmless
    }

    /// The lines that list every message, for those who ask for them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = String> {
        let of = |affected: &Affected| -> Vec<String> {
            affected.ids.iter().map(|id| format!("{} {id}", affected.queue)).collect()
        };
        self.affected.iter().flat_map(of)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let Some(Span { from, to }) = self.bytes {
                write!(f, ", bytes {from} to {to}")?;
            }
            if let Some(Span { from, to }) = self.positions {
                write!(f, " (positions {from} to {to})")?;
            }
            f.write_str(": ")?;
        } else if let Some(Span { from, to }) = self.positions {
            write!(f, "positions {from} to {to}: ")?;
        }
        f.write_str(&self.what)?;
        for Affected { queue, messages, .. } in &self.affected {
            let plural = if *messages == 1 { "" } else { "s" };
            write!(f, "; {messages} message{plural} of {queue}")?;
        }
        write!(f, "; {}", self.remedy)
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Harmless => "harmless",
            Self::Heals => "heals itself, the next start does not need it",
            Self::Cut => "fanq check --cut",
            Self::Version => "needs another version of the program",
            Self::Backup => "cannot be mended, restore a backup",
        })
    }
}

/// Who the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct StoreFacts {
    #[serde(serialize_with = "as_hex")]
    pub(crate) identity: u128,
    /// Starts so far.
    pub(crate) run: u64,
    pub(crate) segment_bytes: u64,
}

impl From<StoreHeader> for StoreFacts {
    fn from(header: StoreHeader) -> Self {
        Self { identity: header.store, run: header.run, segment_bytes: header.segment_bytes }
    }
}

fn as_hex<S: Serializer>(identity: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{identity:032x}"))
}

/// A checkpoint that is sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CheckpointFacts {
    pub(crate) file: String,
    pub(crate) position: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct SegmentFacts {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

/// The log that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct LogFacts {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    /// Starts that wrote it.
    pub(crate) runs: u64,
}

/// The state that the next start would have, or the one after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct StateFacts {
    pub(crate) queues: usize,
    pub(crate) topics: usize,
    pub(crate) subscriptions: usize,
    pub(crate) messages: u64,
}

/// The bodies that this state needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct BodyFacts {
    pub(crate) sound: u64,
    pub(crate) sound_bytes: u64,
    pub(crate) damaged: u64,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) store: Option<StoreFacts>,
    pub(crate) checkpoints: Vec<CheckpointFacts>,
    pub(crate) segments: SegmentFacts,
    pub(crate) log: Option<LogFacts>,
    pub(crate) state: Option<StateFacts>,
    pub(crate) bodies: Option<BodyFacts>,
    pub(crate) problems: Vec<Problem>,
}

impl Report {
    /// Whether there is nothing but what is harmless.
    pub(crate) fn is_sound(&self) -> bool {
        self.problems.iter().all(Problem::is_harmless)
    }

    /// Whether the next start would go on as if nothing were wrong.
    pub(crate) fn can_start(&self) -> bool {
        self.worst() <= Remedy::Heals
    }

    pub(crate) fn worst(&self) -> Remedy {
        self.problems.iter().map(|problem| problem.remedy).max().unwrap_or(Remedy::Harmless)
    }
}

/// Messages by queue, added up.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, Vec<String>>);

impl Tally {
    pub(crate) fn add(&mut self, queue: String, id: u128) {
        self.0.entry(queue).or_default().push(uuid::Uuid::from_u128(id).to_string());
    }

    pub(crate) fn into_affected(self) -> Vec<Affected> {
        let of = |(queue, ids): (String, Vec<String>)| Affected { queue, messages: ids.len(), ids };
        self.0.into_iter().map(of).collect()
    }
}
