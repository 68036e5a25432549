//! [`Reader`]: one live subscription, from which events are taken one by one.
//!
//! Events of several topics come in the order in which they were published, also across topics: an event is given only
//! when everything before it has been looked for. So one place is enough to go on from, whichever topic it is of.

use super::bell::Bell;
use super::cursor::{Cursor, Rules, Step};
use super::event::Event;
use super::gap::Gap;
use super::held::{Full, Held};
use super::limits::LOOKS_PER_TURN;
use super::place::Place;
use super::request::Request;
use super::search::Search;
use super::start::Start;
use super::{Live, Ordering};
use serde::Serialize;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a reader is given.
#[derive(Debug)]
pub(crate) enum Item {
    Event {
        event: Arc<Event>,
        /// It was published before the reader came.
        replay: bool,
    },
    Gap(Gap),
    /// What was before is done.
    Live(Beginning),
    /// There will be nothing more.
    Closed(Close),
}

/// Where a reader begins to see what happens now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Beginning {
    /// Whether it got all that it asked for.
    pub(crate) recovered: bool,
    #[serde(flatten)]
    pub(crate) place: Place,
}

impl Beginning {
    /// Its members in JSON, without braces.
    pub(crate) fn json(&self) -> String {
        super::members(self)
    }
}

/// Why a reader was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// The hub is about to stop.
    Stopping,
    /// It was too slow, and asked to be ended then.
    Slow,
}

impl Close {
    /// As WebSockets say it.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Stopping => 1001,
            Self::Slow => 4429,
        }
    }
}

/// A live subscription. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    live: Arc<Live>,
    bell: Arc<Bell>,
    rules: Rules,
    pub(super) cursors: Vec<Cursor>,
    /// Looks for the history, before anything is given.
    search: Option<Search>,
    /// Everything up to this event can be seen.
    horizon: u64,
    /// Everything up to this event has been looked at.
    seen: u64,
    /// What is to be given before anything else.
    ready: VecDeque<Item>,
    /// The last event that is history, and what is said behind it; none when that has been said.
    history: Option<History>,
    held: Option<Held>,
    timer: Option<Pin<Box<Sleep>>>,
    has_closed: Option<Close>,
}

#[derive(Debug)]
struct History {
    to: u64,
    beginning: Beginning,
}

/// What a look came to.
enum Found {
    Item(Item),
    Nothing,
    /// Others should have their turn before it looks on.
    Later,
}

impl Live {
    /// Begins to read.
    pub(crate) fn subscribe(self: &Arc<Self>, request: Request) -> Reader {
        let Request { topics, filter, since, buffer, overflow, interval, conflate_by } = request;
        let is_one = topics.is_one();
        let (bell, rings) = self.follow(topics);
        let to = self.order();
        rings.iter().for_each(|ring| ring.attach(&bell));
        let rules = Rules { filter, buffer: u64::from(buffer), overflow };
        let Start { in_rings, recovered, gaps } = self.start(&since, &rings);
        let only = rings.first().filter(|_| is_one);
        let place = self.place_at(to, only.map(|ring| &**ring));
        let wants_fewer = interval.is_some() || conflate_by.is_some();
        let cursors: Vec<_> =
            rings.into_iter().zip(in_rings).map(|(ring, next)| Cursor::at(ring, next)).collect();
        self.counts.reader_came();
        let mut reader = Reader {
            live: Arc::clone(self),
            bell,
            rules,
            search: Search::new(&since, &cursors),
            cursors,
            horizon: to,
            seen: to,
            ready: VecDeque::new(),
            history: Some(History { to, beginning: Beginning { recovered, place } }),
            held: wants_fewer.then(|| Held::new(interval, conflate_by, buffer, overflow)),
            timer: None,
            has_closed: None,
        };
        gaps.into_iter().for_each(|gap| reader.tell(gap));
        reader
    }
}

impl Reader {
    /// The next item, when there is one. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Item {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The same for a task that waits for other things as well: it is woken when there is something.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        loop {
            match self.look(Instant::now()) {
                Found::Item(item) => return Poll::Ready(item),
                Found::Later => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Found::Nothing if self.bell.poll_rung(cx).is_ready() => {}
                Found::Nothing => ready!(self.poll_due(cx)),
            }
        }
    }

    /// Ready when something that is held back may be given.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.held.as_ref().and_then(Held::due) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }

    /// An item that is there already.
    pub(crate) fn ready(&mut self) -> Option<Item> {
        match self.look(Instant::now()) {
            Found::Item(item) => Some(item),
            Found::Nothing | Found::Later => None,
        }
    }

    /// Where it stands, if it was given everything up to there.
    pub(crate) fn place(&self) -> Option<Place> {
        let is_between = self.ready.is_empty()
            && self.history.is_none()
            && self.held.as_ref().is_none_or(Held::is_empty)
            && self.cursors.iter().all(Cursor::is_between);
        // Of a topic that was made anew, the new one counts.
        let only = self.cursors.last().filter(|_| self.bell.topics.is_one());
        is_between.then(|| match only {
            Some(cursor) => Place { offset: cursor.next - 1, epoch: Arc::clone(&cursor.ring.epoch) },
            None => self.live.place_at(self.seen, None),
        })
    }

    fn look(&mut self, now: Instant) -> Found {
        if let Some(close) = self.has_closed {
            return Found::Item(Item::Closed(close));
        }
        if self.live.has_closed.load(Ordering::Acquire) {
            return self.close(Close::Stopping);
        }
        let mut looks = 0;
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Found::Item(item);
            }
            looks += 1;
            if looks > LOOKS_PER_TURN {
                // There is no end of what comes, so what is held is not the latest, but it is due.
                return self.take_held(now).unwrap_or(Found::Later);
            }
            if let Some(search) = &mut self.search {
                if !search.step(&mut self.cursors, &self.rules) {
                    return Found::Later;
                }
                if let Some(history) = self.history.as_mut().filter(|_| search.is_cut_short()) {
                    history.beginning.recovered = false;
                }
                self.search = None;
            }
            match self.step_all() {
                Ok(false) => {}
                Ok(true) => return Found::Later,
                Err(Full) => return self.close(Close::Slow),
            }
            if !self.ready.is_empty() {
                continue;
            }
            if let Some(event) = self.take_oldest() {
                self.seen = self.seen.max(event.order);
                if self.give(event).is_err() {
                    return self.close(Close::Slow);
                }
                continue;
            }
            if self.history.is_some() {
                self.end_history();
                continue;
            }
            self.seen = self.horizon;
            let order = self.live.order();
            if order != self.horizon {
                self.horizon = order;
                continue;
            }
            return self.take_held(now).unwrap_or(Found::Nothing);
        }
    }

    fn take_held(&mut self, now: Instant) -> Option<Found> {
        let event = self.held.as_mut()?.pop_at(now)?;
        self.give_held(event, false);
        self.ready.pop_front().map(Found::Item)
    }

    fn close(&mut self, close: Close) -> Found {
        self.has_closed = Some(close);
        Found::Item(Item::Closed(close))
    }

    /// Has every cursor look for its next event; says whether one of them needs more time.
    fn step_all(&mut self) -> Result<bool, Full> {
        // Of a topic that is published to for the first time, all events are new.
        self.cursors.extend(self.bell.take_rings().into_iter().map(Cursor::new));
        let is_history = self.history.is_some();
        let (mut needs_time, mut gaps, mut is_over) = (false, Vec::new(), false);
        for cursor in self.cursors.iter_mut().filter(|cursor| !(is_history && cursor.is_past_history())) {
            match cursor.step(&self.rules) {
                Step::Head => {}
                Step::Nothing => is_over |= cursor.is_over(),
                Step::Gap(gap) => gaps.push(gap),
                Step::Full => return Err(Full),
                Step::Later => needs_time = true,
            }
        }
        if is_over {
            for cursor in self.cursors.extract_if(.., |cursor| cursor.is_over()) {
                self.live.weigh(&cursor.ring.detach(self.bell.id, &self.live.limits));
            }
        }
        gaps.into_iter().for_each(|gap| self.tell(gap));
        Ok(needs_time)
    }

    /// The oldest event that some cursor has found, if nothing older can be found any more.
    fn take_oldest(&mut self) -> Option<Arc<Event>> {
        let order = |cursor: &Cursor| cursor.head.as_ref().map(|event| event.order);
        let found = self.cursors.iter_mut().filter_map(|cursor| order(cursor).map(|order| (order, cursor)));
        let (order, cursor) = found.min_by_key(|(order, _)| *order)?;
        if order <= self.horizon { cursor.head.take() } else { None }
    }

    /// Gives an event, or holds it back for the sake of later ones.
    fn give(&mut self, event: Arc<Event>) -> Result<(), Full> {
        let replay = self.history.as_ref().is_some_and(|history| event.order <= history.to);
        match &mut self.held {
            Some(held) if !replay || held.conflates() => held.put(event),
            Some(_) | None => {
                self.hand_over(event, replay);
                Ok(())
            }
        }
    }

    fn give_held(&mut self, event: Arc<Event>, replay: bool) {
        let gaps: Vec<_> = self.held.iter_mut().flat_map(Held::gaps).collect();
        gaps.into_iter().for_each(|gap| self.tell(gap));
        self.hand_over(event, replay);
    }

    fn hand_over(&mut self, event: Arc<Event>, replay: bool) {
        self.live.counts.delivered();
        self.ready.push_back(Item::Event { event, replay });
    }

    fn tell(&mut self, gap: Gap) {
        self.live.counts.dropped(gap.why, gap.dropped);
        self.ready.push_back(Item::Gap(gap));
    }

    /// All that was there before has been found.
    fn end_history(&mut self) {
        while let Some(event) = self.held.as_mut().and_then(Held::pop) {
            self.give_held(event, true);
        }
        if let Some(History { beginning, .. }) = self.history.take() {
            self.ready.push_back(Item::Live(beginning));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.counts.reader_went();
        let rings: Vec<_> = self.cursors.drain(..).map(|cursor| cursor.ring).collect();
        self.live.leave(&self.bell, &rings);
    }
}
