//! A client: reads what it says, and does it. What it is told goes into `outgoing`; nothing here knows of sockets.

use super::close::{Code, End};
use super::limits;
use super::outgoing::Outgoing;
use super::protocol::{Done, Head, Pong, Refused, Request, Said};
use super::remembered::Verdict;
use super::reply::Reply;
use super::session::Session;
use super::settling::{Returned, Settled, give_back};
use super::subscriber::Subscriber;
use super::taking::Taker;
use super::{Entered, handshake};
use crate::auth::Caller;
use crate::hub::Hub;
use crate::operation::Context;
use crate::wire::{self, Fault};
use bytes::Bytes;
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tracing::Span;

/// One second of a client's messages.
struct Second {
    since: Instant,
    frames: u32,
}

pub(super) struct Client {
    pub(super) hub: Arc<Hub>,
    pub(super) opening: handshake::Opening,
    pub(super) entered: Entered,
    pub(super) heartbeat: Duration,
    pub(super) outgoing: Outgoing,
    pub(super) takers: Vec<Taker>,
    pub(super) subscribers: Vec<Subscriber>,
    /// What was acknowledged without asking for an answer, and is not deleted yet.
    pub(super) acks: Vec<Settled>,
    attached: Option<Attached>,
    requests: Arc<AtomicUsize>,
    second: Second,
}

/// A session, and which of its connections this is.
pub(super) struct Attached {
    pub(super) session: Arc<Session>,
    pub(super) number: u64,
    pub(super) caller: Caller,
}

impl Client {
    pub(super) fn new(
        hub: Arc<Hub>,
        opening: handshake::Opening,
        entered: Entered,
        heartbeat: Duration,
    ) -> Self {
        Self {
            hub,
            opening,
            entered,
            heartbeat,
            outgoing: Outgoing::default(),
            takers: Vec::new(),
            subscribers: Vec::new(),
            acks: Vec::new(),
            attached: None,
            requests: Arc::default(),
            second: Second { since: Instant::now(), frames: 0 },
        }
    }

    pub(super) fn attached(&self) -> Option<&Attached> {
        self.attached.as_ref()
    }

    pub(super) fn attach(&mut self, attached: Attached) {
        self.attached = Some(attached);
    }

    pub(super) fn session(&self) -> Result<Arc<Session>, Fault> {
        self.attached.as_ref().map(|attached| Arc::clone(&attached.session)).ok_or_else(Fault::internal)
    }

    /// Refuses more consumers and live subscriptions than a client can have.
    pub(super) fn check_room(&self) -> Result<(), End> {
        let most = limits::SUBS;
        if self.takers.len() + self.subscribers.len() < most {
            return Ok(());
        }
        Err(End::closed(Code::TooMuch, format!("more than {most} consumers and subscriptions")))
    }

    /// Whether nothing that it asked for is being done.
    pub(super) fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0
    }

    /// Whether more is read from the client. It waits while it does not take answers, or asks for more than can be done.
    pub(super) fn is_listened_to(&self) -> bool {
        self.outgoing.bytes() < limits::UNSENT_BYTES
            && self.requests.load(Ordering::Relaxed) < limits::REQUESTS
    }

    /// Does what a message asks for, or begins to.
    pub(super) fn hear(&mut self, text: &Bytes) -> Result<(), End> {
        self.count()?;
        let bad = |reason: &str| End::closed(Code::BadFrame, reason);
        let text = std::str::from_utf8(text).map_err(|_| bad("the message is not UTF-8"))?;
        if !text.trim_ascii_start().starts_with('{') {
            return Err(bad("the message is not a JSON object"));
        }
        let head: Head<'_> = match serde_json::from_str(text) {
            Ok(head) => head,
            Err(error) if error.is_data() => {
                let fault = Fault::new(wire::Code::Serialization, "type and sub are texts.");
                self.outgoing.say(&Said::Error(Refused::new(None, None, &fault)).to_text());
                return Ok(());
            }
            Err(_) => return Err(bad("the message is not JSON")),
        };
        let kind = head.kind.as_deref().unwrap_or_default();
        if self.attached.is_none() && kind != "connect" {
            return Err(End::closed(Code::NotAuthenticated, "the first message is connect"));
        }
        let id = head.id.filter(|id| id.get() != "null").map(ToOwned::to_owned);
        let reply = Reply::new(id, head.sub.as_deref());
        if let Err(refusal) = self.obey(kind, text.as_bytes(), reply) {
            match refusal {
                Refusal::Fault(reply, fault) => {
                    if let Some(text) = reply.text(Err(&fault)) {
                        self.outgoing.say(&text);
                    }
                }
                Refusal::End(end) => return Err(end),
            }
        }
        Ok(())
    }

    fn obey(&mut self, kind: &str, text: &[u8], reply: Reply) -> Result<(), Refusal> {
        // Kept for what goes wrong.
        let again = reply.clone();
        let refused = |fault| Refusal::Fault(again, fault);
        if let Err(fault) = reply.check_id() {
            return Err(Refusal::Fault(reply.without_id(), fault));
        }
        let request = match Request::read(kind, text) {
            Ok(Some(request)) => request,
            Ok(None) => {
                let message = format!("There is no type {kind:?}.");
                return Err(refused(Fault::new(wire::Code::InvalidAction, message)));
            }
            Err(fault) => return Err(refused(fault)),
        };
        if request.wants_id() && !reply.is_awaited() {
            return Err(refused(Fault::missing_parameter("id")));
        }
        match request {
            Request::Connect(connect) => return self.connect(reply, connect),
            Request::Consume(consume) => return self.consume(reply, consume),
            Request::Subscribe(subscribe) => return self.subscribe(reply, subscribe),
            Request::Credit(credit) => self.set_credit(&reply, credit),
            Request::Ack(ack) => self.ack(reply, ack),
            Request::Nack(nack) => self.nack(reply, nack),
            Request::Extend(extend) => self.extend(reply, extend),
            Request::Unsubscribe(unsubscribe) => self.unsubscribe(reply, unsubscribe),
            Request::Publish(publish) => self.publish(reply, *publish),
            Request::Send(send) => self.send(reply, *send),
            Request::Ping(ping) => {
                self.outgoing.say(&Said::Pong(Pong { t: ping.t.as_deref() }).to_text());
                Ok(())
            }
            Request::Pong => Ok(()),
        }
        .map_err(refused)
    }

    fn count(&mut self) -> Result<(), End> {
        if self.second.since.elapsed() >= Duration::from_secs(1) {
            self.second = Second { since: Instant::now(), frames: 0 };
        }
        self.second.frames += 1;
        if self.second.frames > limits::FRAMES_PER_SECOND {
            let most = limits::FRAMES_PER_SECOND;
            return Err(End::closed(Code::TooMuch, format!("more than {most} messages in a second")));
        }
        Ok(())
    }

    /// Begins to do something. Its first step is taken at once, so that commands are given in the order in which they
    /// were asked for; the rest goes on whatever becomes of the connection.
    pub(super) fn start(&self, work: impl Future<Output = ()> + 'static) {
        let (requests, waker) = (Arc::clone(&self.requests), Arc::clone(&self.entered.waker));
        requests.fetch_add(1, Ordering::Relaxed);
        let mut work = Box::pin(async move {
            work.await;
            requests.fetch_sub(1, Ordering::Relaxed);
            waker.wake();
        });
        if work.as_mut().now_or_never().is_none() {
            tokio::task::spawn_local(work);
        }
    }

    /// Does something that counts once, however often it is asked for with the same id.
    pub(super) fn start_once(
        &self,
        reply: Reply,
        work: impl Future<Output = Result<Done<'static>, Fault>> + 'static,
    ) -> Result<(), Fault> {
        let (hub, session) = (Arc::clone(&self.hub), self.session()?);
        let id = reply.id().map(|id| id.get().to_owned()).unwrap_or_default();
        let now = hub.now();
        match session.with(|state| state.remembered.begin(&id, now, state.window)) {
            Verdict::Wait => {}
            Verdict::Say(text) => session.say_text(text),
            Verdict::Do => self.start(async move {
                let outcome = work.await;
                let is_done = outcome.is_ok();
                let text = match outcome {
                    Ok(done) => reply.text(Ok(done)),
                    Err(fault) => reply.text(Err(&fault)),
                };
                let text = text.unwrap_or_default();
                session.with(|state| match is_done {
                    true => state.remembered.done(&id, &text, hub.now()),
                    false => state.remembered.refused(&id),
                });
                session.say_text(text);
            }),
        }
        Ok(())
    }

    /// What an operation of AWS knows besides its input.
    pub(super) fn context(&self) -> Result<Context, Fault> {
        let attached = self.attached.as_ref().ok_or_else(Fault::internal)?;
        Ok(Context {
            hub: Arc::clone(&self.hub),
            caller: attached.caller.clone(),
            base_url: self.opening.base_url.clone(),
            queue_path: None,
            trace_header: None,
            span: Span::none(),
        })
    }

    /// Ends what the connection holds: nothing more is taken, and what the client cannot have got is given back, or
    /// everything if nobody will come back for it.
    pub(super) async fn leave(&mut self, is_orderly: bool) {
        // What came with the end counts.
        self.settle_acks();
        let hub = Arc::clone(&self.hub);
        let returned = self.let_go(is_orderly);
        give_back(&hub, returned).await;
    }

    fn let_go(&mut self, is_orderly: bool) -> Returned {
        let Some(Attached { session, number, .. }) = self.attached.take() else { return Returned::default() };
        let mut unwritten = self.outgoing.take_back();
        unwritten.whole.extend(self.takers.drain(..).flat_map(Taker::into_unwritten));
        let now = self.hub.now();
        let (returned, is_over) = session.with(|state| {
            let returned = state.detach(number, &unwritten, is_orderly, now);
            (returned, state.is_over())
        });
        if is_over {
            self.hub.sockets.forget(session.id);
        }
        returned
    }
}

impl Drop for Client {
    /// A connection that is cut off in the middle, because its thread ends, is as good as broken: its session waits.
    fn drop(&mut self) {
        self.let_go(false);
    }
}

/// Why a request is not done.
pub(super) enum Refusal {
    Fault(Reply, Fault),
    End(End),
}
