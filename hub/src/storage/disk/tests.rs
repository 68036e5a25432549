//! The log with its thread, on a simulated disk.

use super::super::files::simulated::{SimulatedFiles, Stop};
use super::super::folder::Lock;
use super::super::keeper::Shared;
use super::super::making::Checkpointer;
use super::super::space::Reserve;
use super::super::store::{self, Begun, Progress};
use super::super::{format, seal};
use super::*;
use fanq_tests::{TemporaryFolder, eventually};
use queue_core::{
    Command, CreateQueue, Name, Outgoing, QueueAttributes, QueueId, Send as SendMessages, Tags,
};

const SEGMENT: u64 = 64 << 10;
const STORE: u128 = 7;

struct Fixture {
    log: DiskLog,
    machine: Machine,
    disk: SimulatedFiles,
    room: Arc<Room>,
    supply: Arc<Supply>,
    supplier: JoinHandle<()>,
    woken: Arc<AtomicU64>,
    batch: Batch,
    // Where the lock lies; what is stored is on the simulated disk.
    _folder: TemporaryFolder,
}

impl Fixture {
    fn start(disk: &SimulatedFiles, durability: Durability, body_cache_bytes: u64) -> Self {
        let files = disk.files();
        let begun: Begun<()> =
            store::begin(&files, SEGMENT, STORE, &Progress::default(), |_| Ok::<_, Error>(())).unwrap();
        let folder = TemporaryFolder::new();
        let room = Arc::<Room>::default();
        let segments = Arc::clone(begun.writer.segments());
        let reserve = Reserve::open(&*files).unwrap();
        let supply = Arc::new(Supply::new(segments, begun.run, Arc::clone(&room), reserve));
        let supplier = std::thread::spawn({
            let supply = Arc::clone(&supply);
            move || supply.run()
        });
        let keeping = Keeping {
            files,
            store: STORE,
            supply: Arc::clone(&supply),
            shared: Arc::<Shared>::default(),
            checkpointer: Arc::new(Checkpointer::new(folder.path(), false)),
            _lock: Lock::take(folder.path()).unwrap(),
        };
        let mut log = DiskLog::start(Start {
            writer: begun.writer,
            clock: LogClock::starting_now(),
            durability,
            body_cache_bytes,
            supply: Arc::clone(&supply),
            room: Arc::clone(&room),
            vitals: Arc::new(Vitals::new(0, &begun.machine, 0)),
            keeping,
        })
        .unwrap();
        let woken = Arc::<AtomicU64>::default();
        let wakes = Arc::clone(&woken);
        log.wake_with(Box::new(move || {
            wakes.fetch_add(1, Ordering::Relaxed);
        }));
        let batch = Batch { run: begun.run, number: 0 };
        Self {
            log,
            machine: begun.machine,
            disk: disk.clone(),
            room,
            supply,
            supplier,
            woken,
            batch,
            _folder: folder,
        }
    }

    fn propose(&mut self, command: &Command, bodies: &[&str]) {
        self.batch.number += 1;
        let bodies = bodies.iter().map(|body| body.as_bytes().to_vec()).collect();
        self.log.propose(self.batch, &[Proposal::new(command, bodies, seal)]);
    }

    /// The next entry, which is applied.
    fn next(&mut self) -> Result<Entry, Error> {
        let mut next = None;
        eventually("an entry is handed back", || {
            next = self.log.next();
            next.is_some()
        });
        let (position, entry) = next.unwrap()?;
        let applied = self.machine.apply(&entry);
        self.log.applied(position, &applied, &self.machine);
        Ok(entry)
    }

    fn create_queue(&mut self) {
        let name = Name::new("000000000000", "us-east-1", "orders");
        let (attributes, tags) = (QueueAttributes::default(), Tags::new());
        self.propose(
            &Command::CreateQueue(CreateQueue { name, attributes, tags, hold_deleted_name: false }),
            &[],
        );
        self.next().unwrap();
    }

    fn send(&mut self, text: &str) -> Result<BodyRef, Error> {
        let body = BodyRef { position: Position(0), bytes: u32::try_from(text.len()).unwrap() };
        let message = Outgoing { body, delay: None, group: None, deduplication: None };
        self.propose(&Command::Send(SendMessages { queue: QueueId(1), messages: vec![message] }), &[text]);
        let mut entry = self.next()?;
        Ok(entry.bodies().next().unwrap())
    }

    fn read(&self, body: BodyRef) -> Result<Bytes, Error> {
        match self.log.body(body) {
            Body::AtHand(bytes) => Ok(bytes),
            Body::Stored(read) => read(),
        }
    }

    /// Ends everything without a word, as a kill does, and gives the disk.
    fn end(self) -> SimulatedFiles {
        drop(self.log);
        self.supply.close();
        self.supplier.join().unwrap();
        self.disk
    }
}

#[test]
fn entries_come_back_in_order_with_their_bodies() {
    let mut fixture = Fixture::start(&SimulatedFiles::new(1), Durability::Sync, 1 << 20);
    fixture.create_queue();
    let texts = ["a", "bc", "def"];
    let bodies: Vec<_> = texts.iter().map(|text| fixture.send(text).unwrap()).collect();
    for (body, text) in bodies.into_iter().zip(texts) {
        assert!(matches!(fixture.log.body(body), Body::AtHand(bytes) if bytes == text));
    }
    assert!(fixture.woken.load(Ordering::Relaxed) >= 4, "whoever waits is woken");
}

#[test]
fn what_the_cache_has_no_room_for_is_read_from_the_disk() {
    let mut fixture = Fixture::start(&SimulatedFiles::new(2), Durability::Sync, 0);
    fixture.create_queue();
    let body = fixture.send("on the disk").unwrap();
    let next = fixture.send("with others").unwrap();
    assert!(matches!(fixture.log.body(body), Body::Stored(_)));
    assert_eq!(fixture.read(body).unwrap(), "on the disk");
    assert!(matches!(fixture.log.body(next), Body::Stored(_)), "one was read by itself");
    assert_eq!(fixture.read(next).unwrap(), "with others");
    assert!(matches!(fixture.log.body(next), Body::AtHand(_)), "whoever reads on reads more at once");
    let body = fixture.send("is damaged").unwrap();
    let name = format::segment_name(0);
    fixture.disk.flip(&name, usize::try_from(body.position.0).unwrap() + 3, 2);
    assert!(
        matches!(fixture.read(body), Err(Error::Body { position, bytes: 10 }) if position == body.position)
    );
}

#[test]
fn a_log_goes_on_over_many_segments_and_is_there_after_a_kill() {
    for durability in [Durability::Sync, Durability::None, Durability::Interval(Duration::from_millis(5))] {
        let mut fixture = Fixture::start(&SimulatedFiles::new(3), durability, 0);
        fixture.create_queue();
        let text = "x".repeat(9_000);
        let bodies: Vec<_> = (0..40).map(|_| fixture.send(&text).unwrap()).collect();
        let (before, disk) = (fixture.machine.digest(), fixture.end());
        let fixture = Fixture::start(&disk, durability, 0);
        assert_eq!(fixture.machine.digest(), before, "{durability:?}");
        assert!(bodies.into_iter().all(|body| fixture.read(body).unwrap() == text.as_bytes()));
    }
}

#[test]
fn a_clean_stop_leaves_nothing_to_execute() {
    let mut fixture = Fixture::start(&SimulatedFiles::new(4), Durability::Sync, 0);
    fixture.create_queue();
    fixture.send("kept").unwrap();
    fixture.log.close(&fixture.machine);
    let (before, disk) = (fixture.machine.digest(), fixture.end());
    let begun: Begun<()> =
        store::begin(&disk.files(), SEGMENT, STORE, &Progress::default(), |_| Ok::<_, Error>(())).unwrap();
    assert_eq!(begun.machine.digest(), before);
    assert_eq!((begun.recovery.entries, begun.recovery.replayed_bytes), (0, 0));
}

#[test]
fn nothing_is_handed_back_after_a_failed_call() {
    // Whether it is the write that fails first or the sync.
    for later in [1, 2] {
        let disk = SimulatedFiles::new(5);
        let mut fixture = Fixture::start(&disk, Durability::Sync, 0);
        fixture.create_queue();
        eventually("nothing else is to be written", || fixture.supply.is_ready());
        disk.stop_at(disk.calls() + later, Stop::Before);
        assert!(matches!(fixture.send("lost"), Err(Error::File { .. })), "call {later}");
        fixture.propose(&Command::Tick, &[]);
        assert!(fixture.log.next().is_none());
    }
}

#[test]
fn a_full_disk_refuses_messages_and_recovers_by_itself() {
    let disk = SimulatedFiles::new(7);
    let mut fixture = Fixture::start(&disk, Durability::Sync, 0);
    fixture.create_queue();
    fixture.supply.fill_reserve(2, 1_000);
    assert_eq!(fixture.room.to_grow(), Ok(Duration::ZERO));
    eventually("a segment is ready", || fixture.supply.is_ready());
    disk.set_capacity(disk.used_bytes() + 100);
    let text = "x".repeat(20_000);
    let mut sent = 0;
    while fixture.room.disk() == Disk::Enough {
        fixture.send(&text).unwrap();
        sent += 1;
        eventually("the next segment is there, or is known to be missing", || {
            fixture.supply.is_ready() || fixture.room.disk() != Disk::Enough
        });
    }
    // The log goes on with what is held.
    while fixture.room.to_write().is_ok() {
        fixture.send(&text).unwrap();
        sent += 1;
        eventually("the next segment is there, or is known to be missing", || {
            fixture.supply.is_ready() || fixture.supply.is_starved()
        });
    }
    disk.set_capacity(u64::MAX);
    eventually("there is space again", || {
        fixture.supply.fill_reserve(2, 1_000);
        fixture.room.to_grow().is_ok()
    });
    fixture.send(&text).unwrap();
    let disk = fixture.end();
    let fixture = Fixture::start(&disk, Durability::Sync, 0);
    assert_eq!(fixture.machine.queue(QueueId(1)).unwrap().counts().visible, sent + 1);
}
