//! A store with one queue, made without threads.

use super::super::super::checkpoint::{self, Place};
use super::super::super::files::Files;
use super::super::super::files::real::RealFiles;
use super::super::super::folder::Lock;
use super::super::super::format::{SegmentHeader, checkpoint_name, checkpoint_position};
use super::super::super::plan::{self, Report};
use super::super::super::segments::Claim;
use super::super::super::store::{self, Progress};
use super::super::super::writer::{Paper, Pending, Writer};
use super::super::super::{Error, seal};
use fanq_tests::TemporaryFolder;
use queue_core::{
    BodyRef, Command, CreateQueue, CreateTopic, DeduplicationScope, Delete, Entry, Genesis, Header, LEVEL,
    Machine, Name, Outbound, Outgoing, Position, Proposal, Publish, QueueAttributes, QueueId, Receive, Reply,
    Send, Tags, Timestamp, TopicAttributes,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::storage) const SEGMENT_BYTES: u64 = 16 << 10;
const BODY_BYTES: usize = 1000;

/// A store with one queue.
pub(in crate::storage) struct Store {
    pub(in crate::storage) folder: TemporaryFolder,
    pub(in crate::storage) files: Arc<dyn Files>,
    pub(in crate::storage) machine: Machine,
    pub(in crate::storage) writer: Option<Writer>,
    pub(in crate::storage) store: u128,
    pub(in crate::storage) batch: u64,
    /// Where each message's record begins.
    pub(in crate::storage) records: Vec<u64>,
}

impl Store {
    pub(in crate::storage) fn new() -> Self {
        let folder = TemporaryFolder::new();
        let files: Arc<dyn Files> = Arc::new(RealFiles::new(folder.path()));
        let mut store = Self {
            folder,
            files,
            machine: Machine::default(),
            writer: None,
            store: 7,
            batch: 0,
            records: Vec::new(),
        };
        store.start().unwrap();
        let genesis = Genesis { level: LEVEL, store: 7, handle_key: [1; 32], hash_key: [2; 32] };
        store.write(&Command::Genesis(genesis), Vec::new());
        let create = CreateQueue {
            name: Name::new("000000000000", "us-east-1", "orders"),
            attributes: QueueAttributes::default(),
            tags: Tags::new(),
            hold_deleted_name: false,
        };
        store.write(&Command::CreateQueue(create), Vec::new());
        store
    }

    /// Starts as a hub does.
    pub(in crate::storage) fn start(&mut self) -> Result<(), Error> {
        drop(self.writer.take());
        let begun = store::begin(&self.files, SEGMENT_BYTES, self.store, &Progress::default(), |_| {
            Ok::<_, Error>(())
        })?;
        (self.machine, self.writer, self.batch) = (begun.machine, Some(begun.writer), 0);
        Ok(())
    }

    pub(in crate::storage) fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().unwrap()
    }

    /// Writes and applies a command; what came of it.
    pub(in crate::storage) fn write(
        &mut self,
        command: &Command,
        bodies: Vec<Vec<u8>>,
    ) -> Vec<Result<Reply, queue_core::Error>> {
        let mut replies = Vec::new();
        self.batch += 1;
        let writer = self.writer.as_mut().unwrap();
        let (run, segments) = (writer.run(), Arc::clone(writer.segments()));
        let header = Header {
            time: Timestamp(1000 + self.batch),
            seed: u128::from(self.batch),
            run,
            batch: self.batch,
        };
        let pending = Pending::new(&header, &[Proposal::new(command, bodies, seal)], &mut Paper::default());
        let placed = writer
            .write(vec![pending], &mut || segments.make(run, SegmentHeader::CONTINUES, Claim::Written))
            .unwrap();
        writer.sync().unwrap();
        for record in placed {
            let entry = Entry::decode(record.header.entry_position(), record.entry()).unwrap();
            self.records.push(record.header.position);
            replies.extend(self.machine.apply(&entry).replies);
        }
        replies
    }

    pub(in crate::storage) fn send(&mut self, count: usize) {
        let queue = self.machine.queues().next().map_or(QueueId(1), |queue| queue.id);
        for _ in 0..count {
            let body = vec![b'x'; BODY_BYTES];
            let reference = BodyRef { position: Position(0), bytes: u32::try_from(BODY_BYTES).unwrap() };
            let message = Outgoing { body: reference, delay: None, group: None, deduplication: None };
            self.write(&Command::Send(Send { queue, messages: vec![message] }), vec![body]);
        }
    }

    /// Publishes to a topic that keeps it for whoever comes later.
    pub(in crate::storage) fn archive(&mut self, count: usize) {
        let attributes = TopicAttributes {
            fifo: false,
            content_based_deduplication: false,
            deduplication_scope: DeduplicationScope::Everything,
            archive: Some(Duration::from_secs(3_600)),
            texts: BTreeMap::new(),
        };
        let name = Name::new("000000000000", "us-east-1", "news");
        let create = CreateTopic { name, attributes, tags: Tags::new() };
        let created = self.write(&Command::CreateTopic(create), Vec::new());
        let Ok(Reply::TopicCreated(topic)) = created[0] else { panic!("{created:?}") };
        for _ in 0..count {
            let bytes = u32::try_from(BODY_BYTES).unwrap();
            let message = Outbound {
                body: BodyRef { position: Position(0), bytes },
                matches: Vec::new(),
                group: None,
                priority: None,
                deduplication: None,
                raw_bytes: bytes,
                envelope_bytes: bytes,
                attributes: 0,
            };
            let publish = Publish { topic, seen: 1, messages: vec![message] };
            self.write(&Command::Publish(publish), vec![vec![b'y'; BODY_BYTES]]);
        }
    }

    pub(in crate::storage) fn checkpoint(&mut self) -> u64 {
        self.writer().mark().unwrap();
        let writer = self.writer.as_ref().unwrap();
        let place = Place { store: self.store, position: writer.end(), run: writer.run() };
        checkpoint::write(&*self.files, place, &self.machine, &|| false).unwrap();
        place.position
    }

    /// Ends in order, but for the checkpoint.
    pub(in crate::storage) fn stop(&mut self) {
        self.writer().mark().unwrap();
        self.writer = None;
    }

    /// Takes messages out again, the oldest first.
    pub(in crate::storage) fn delete(&mut self, count: u32) {
        let queue = self.machine.queues().next().map_or(QueueId(1), |queue| queue.id);
        let visibility = Duration::from_secs(30);
        let replies = self.write(
            &Command::Receive(Receive { queue, maximum: count, visibility, attempt: None }),
            Vec::new(),
        );
        let Ok(Reply::Received(received)) = &replies[0] else {
            panic!("{replies:?}");
        };
        let receipts = received.iter().map(|message| message.receipt).collect();
        self.write(&Command::Delete(Delete { queue, receipts }), Vec::new());
    }

    /// Makes a checkpoint and gives back what it shows to be free, as a hub does while nobody holds the files.
    pub(in crate::storage) fn recycle(&mut self) {
        let _unheld = Lock::unheld(self.folder.path()).unwrap();
        let position = self.checkpoint();
        if _unheld.is_none() {
            return;
        }
        let names = self.files.list().unwrap();
        let mut positions: Vec<_> = names.iter().filter_map(|name| checkpoint_position(name)).collect();
        positions.sort_unstable();
        while positions.len() > 2 {
            self.files.remove(&checkpoint_name(positions.remove(0))).unwrap();
        }
        let segments = Arc::clone(self.writer().segments());
        let sizes = segments.used().iter().map(|segment| (segment.start, segment.bytes)).collect();
        let report = Report::make(&self.machine, position, 0, &sizes);
        if positions.len() == 2 {
            let free = plan::free(&segments.used(), positions[0], &report.live);
            segments.retire(&free).unwrap();
        }
    }
}
