//! Windows on a simulated disk, with bodies put right into a segment.

use super::super::files::simulated::SimulatedFiles;
use super::super::seal;
use super::super::segments::Claim;
use super::*;
use queue_core::Position;

const SEGMENT_BYTES: u64 = 8 << 20;

struct Fixture {
    disk: SimulatedFiles,
    segment: Arc<Segment>,
    windows: Windows,
    end: u64,
}

impl Fixture {
    fn new() -> Self {
        let disk = SimulatedFiles::new(1);
        let segments = Arc::new(Segments::new(disk.files(), 1, SEGMENT_BYTES, [], 0));
        let (segment, _) = segments.make(1, 0, Claim::Quick).unwrap();
        let end = segment.first_record();
        Self { disk, segment, windows: Windows::new(segments), end }
    }

    /// A place behind the last, where nothing stands yet.
    fn place(&mut self, bytes: usize) -> BodyRef {
        let position = Position(self.end);
        self.end += (bytes + SEAL_BYTES) as u64;
        BodyRef { position, bytes: u32::try_from(bytes).unwrap() }
    }

    fn write(&self, body: BodyRef, text: &str) {
        let file = self.disk.files().open(&self.segment.name()).unwrap();
        file.write_at(body.position.0 - self.segment.start, &[text.as_bytes(), &seal(text.as_bytes())])
            .unwrap();
    }

    fn add(&mut self, text: &str) -> BodyRef {
        let body = self.place(text.len());
        self.write(body, text);
        body
    }

    fn read(&self, body: BodyRef) -> Result<Bytes, Error> {
        self.windows.read(&self.segment, body)
    }
}

#[test]
fn bodies_near_one_that_was_read_are_at_hand() {
    let mut fixture = Fixture::new();
    let texts: Vec<_> = (0..20).map(|number| format!("body {number}").repeat(100)).collect();
    let bodies: Vec<_> = texts.iter().map(|text| fixture.add(text)).collect();
    assert!(bodies.iter().all(|body| fixture.windows.find(*body).is_none()), "nothing was read yet");
    assert_eq!(fixture.read(bodies[0]).unwrap(), texts[0]);
    assert!(bodies.iter().all(|body| fixture.windows.find(*body).is_none()), "one body is read by itself");
    assert_eq!(fixture.read(bodies[1]).unwrap(), texts[1]);
    fixture.disk.lose(&fixture.segment.name());
    for (body, text) in bodies.iter().zip(&texts).skip(1) {
        assert_eq!(fixture.windows.find(*body).unwrap(), text);
        assert_eq!(fixture.read(*body).unwrap(), text, "it is not read again");
    }
}

#[test]
fn a_body_that_was_written_after_its_window_was_read_is_read_by_itself() {
    let mut fixture = Fixture::new();
    let first = [fixture.add("first"), fixture.add("second")];
    let later = fixture.place("later".len());
    first.iter().for_each(|body| assert!(fixture.read(*body).is_ok()));
    fixture.write(later, "later");
    assert!(fixture.windows.find(later).is_none());
    assert_eq!(fixture.read(later).unwrap(), "later");
}

#[test]
fn damage_is_of_one_body_and_none_beside_it() {
    let mut fixture = Fixture::new();
    let bodies = ["zero", "one", "two", "three"].map(|text| fixture.add(text));
    fixture.read(bodies[0]).unwrap();
    let bodies = &bodies[1..];
    fixture.disk.flip(&fixture.segment.name(), usize::try_from(bodies[1].position.0).unwrap(), 3);
    assert_eq!(fixture.read(bodies[0]).unwrap(), "one");
    assert!(fixture.windows.find(bodies[1]).is_none());
    let position = bodies[1].position;
    assert!(matches!(fixture.read(bodies[1]), Err(Error::Body { position: at, bytes: 3 }) if at == position));
    assert_eq!(fixture.read(bodies[2]).unwrap(), "three");
}

#[test]
fn a_file_that_cannot_be_read_is_no_damage_and_may_be_read_later() {
    let mut fixture = Fixture::new();
    let body = fixture.add("there");
    let name = fixture.segment.name();
    let content = fixture.disk.content(&name);
    fixture.disk.lose(&name);
    assert!(matches!(fixture.read(body), Err(Error::File { .. })));
    fixture.disk.put(&name, content);
    assert_eq!(fixture.read(body).unwrap(), "there");
}

#[test]
fn a_body_larger_than_a_window_is_read_by_itself() {
    let mut fixture = Fixture::new();
    let text = "x".repeat(usize::try_from(WINDOW_BYTES).unwrap());
    let (before, body) = (fixture.add("before"), fixture.add(&text));
    fixture.read(before).unwrap();
    assert_eq!(fixture.read(body).unwrap(), text);
    assert!(fixture.windows.find(body).is_none());
}

#[test]
fn bodies_far_apart_are_read_by_themselves() {
    let mut fixture = Fixture::new();
    for _ in 0..10 {
        let body = fixture.add("lonely");
        fixture.read(body).unwrap();
        assert!(fixture.windows.find(body).is_none());
        fixture.place(usize::try_from(WINDOW_BYTES).unwrap());
    }
}

#[test]
fn only_so_much_is_remembered() {
    let mut fixture = Fixture::new();
    let text = "x".repeat(usize::try_from(WINDOW_BYTES).unwrap() - SEAL_BYTES);
    let before = fixture.add("before");
    fixture.read(before).unwrap();
    let bodies: Vec<_> = (0..WINDOWS + 3).map(|_| fixture.add(&text)).collect();
    for body in &bodies {
        fixture.read(*body).unwrap();
    }
    let found: Vec<_> = bodies.iter().map(|body| fixture.windows.find(*body).is_some()).collect();
    assert_eq!(found.iter().filter(|found| **found).count(), WINDOWS);
    assert!(!found[..3].contains(&true), "the oldest went first");
}
