//! Bodies that the cache has let go: read from the files in windows, so that whoever works through a long queue does
//! not read each by itself. Where bodies that are read lie far apart, each is: a window would be read for one of them.
//!
//! A few windows are kept, by position. Positions are never used twice, so what stands in a window is right for ever;
//! but its end may have been read before it was written, or be damaged. A body counts only with its seal, and whatever
//! a window cannot give is read by itself, which says what is wrong.

use super::Error;
use super::format::is_sealed;
use super::segments::{Segment, Segments};
use bytes::Bytes;
use queue_core::{BodyRef, SEAL_BYTES};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Of a window: a few dozen small bodies, and not much dearer to read than one of them.
const WINDOW_BYTES: u64 = 32 << 10;

/// Windows that are kept.
const WINDOWS: usize = 128;

/// Bodies read by themselves that are remembered: whatever is read close behind one of them begins a window.
const LOOKED_AT: usize = 1024;

pub(crate) struct Windows {
    segments: Arc<Segments>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_position: BTreeMap<u64, Arc<Window>>,
    /// In the order of their making.
    order: VecDeque<u64>,
    /// Where bodies were read lately.
    looked_at: BTreeSet<u64>,
    looked_at_order: VecDeque<u64>,
}

struct Window {
    start: u64,
    bytes: usize,
    /// None if it could not be read.
    content: OnceLock<Option<Bytes>>,
}

impl Windows {
    pub(crate) fn new(segments: Arc<Segments>) -> Self {
        Self { segments, kept: Mutex::default() }
    }

    /// The body, if it stands in a window. Does not wait for the disk.
    pub(crate) fn find(&self, body: BodyRef) -> Option<Bytes> {
        let window = self.kept().around(body)?;
        window.content.get()?.as_ref().and_then(|content| window.cut(content, body))
    }

    /// The body, from a window or by itself. May wait for the disk.
    pub(crate) fn read(&self, segment: &Segment, body: BodyRef) -> Result<Bytes, Error> {
        let Some(window) = self.window(segment, body) else {
            return self.segments.read(segment, body);
        };
        // Whoever wants the same window waits for it; others do not.
        let content = window.content.get_or_init(|| {
            self.segments.read_part(segment, window.start, window.bytes).map(Bytes::from).ok()
        });
        match content.as_ref().and_then(|content| window.cut(content, body)) {
            Some(bytes) => Ok(bytes),
            None => self.segments.read(segment, body),
        }
    }

    /// The window in which the body lies, or one that begins with it; none if it is too large, or the first that is read
    /// hereabouts.
    fn window(&self, segment: &Segment, body: BodyRef) -> Option<Arc<Window>> {
        let mut kept = self.kept();
        if let Some(window) = kept.around(body) {
            return Some(window);
        }
        let start = body.position.0;
        let bytes = usize::try_from(WINDOW_BYTES.min(segment.end().saturating_sub(start))).ok()?;
        let window = Arc::new(Window { start, bytes, content: OnceLock::new() });
        window.place(body)?;
        if !kept.follows_another(start) {
            return None;
        }
        kept.keep(Arc::clone(&window));
        Some(window)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change is one step, so a panic elsewhere has not harmed it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn around(&self, body: BodyRef) -> Option<Arc<Window>> {
        let (_, window) = self.by_position.range(..=body.position.0).next_back()?;
        window.place(body).map(|_| Arc::clone(window))
    }

    /// Whether something close before that position was read lately. Remembers this one.
    fn follows_another(&mut self, position: u64) -> bool {
        let close = position.saturating_sub(WINDOW_BYTES)..position;
        let follows = self.looked_at.range(close).next().is_some()
            || self
                .by_position
                .range(..position)
                .next_back()
                .is_some_and(|(_, window)| window.start + window.bytes as u64 + WINDOW_BYTES > position);
        if self.looked_at.insert(position) {
            self.looked_at_order.push_back(position);
        }
        if self.looked_at_order.len() > LOOKED_AT
            && let Some(oldest) = self.looked_at_order.pop_front()
        {
            self.looked_at.remove(&oldest);
        }
        follows
    }

    fn keep(&mut self, window: Arc<Window>) {
        let start = window.start;
        if self.by_position.insert(start, window).is_none() {
            self.order.push_back(start);
        }
        if self.order.len() > WINDOWS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_position.remove(&oldest);
        }
    }
}

impl Window {
    /// Where the body stands with its seal, if all of it does.
    fn place(&self, body: BodyRef) -> Option<std::ops::Range<usize>> {
        let from = usize::try_from(body.position.0.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(body.bytes as usize)?.checked_add(SEAL_BYTES)?;
        (to <= self.bytes).then_some(from..to)
    }

    /// The body, if it is what was written.
    fn cut(&self, content: &Bytes, body: BodyRef) -> Option<Bytes> {
        let place = self.place(body)?;
        let length = is_sealed(content.get(place.clone())?)?;
        Some(content.slice(place.start..place.start + length))
    }
}

#[cfg(test)]
mod tests;
