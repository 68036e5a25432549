//! The first thing that a client says: who it is, and whether it goes on with a session that it had.

use super::client::{Attached, Client, Refusal};
use super::close::{Code, End};
use super::limits;
use super::protocol::{Clock, Connect, Connected, Limits, Named, Said};
use super::reply::Reply;
use super::session::Session;
use super::taking::Taker;
use crate::auth::{self, Caller, Credential};
use crate::shape::queue::number;
use crate::wire::{self, Fault};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Names of programs are for people.
const NAME_CHARACTERS: usize = 100;

impl Client {
    pub(super) fn connect(&mut self, reply: Reply, connect: Connect) -> Result<(), Refusal> {
        let prepared = self.caller(&connect).and_then(|caller| Ok((caller, window(&connect)?)));
        let (caller, window) = match prepared {
            Ok(prepared) => prepared,
            Err(Refusal::Fault(_, fault)) => return Err(Refusal::Fault(reply, fault)),
            Err(end) => return Err(end),
        };
        if self.attached().is_some() {
            let fault =
                Fault::new(wire::Code::InvalidParameterValue, "This connection has its session already.");
            return Err(Refusal::Fault(reply, fault));
        }
        self.log(&connect);
        let resumed = self.resume(&connect, &caller);
        let is_resumed = resumed.is_some();
        let attached = match resumed {
            Some(attached) => attached,
            None => {
                let session = Session::new(caller.clone(), window, Arc::clone(&self.entered.waker));
                let session = Arc::new(session);
                if !self.hub.sockets.keep(&session) {
                    return Err(Refusal::End(End::closed(Code::TooMuch, "there are too many sessions")));
                }
                Attached { session, number: 1, caller }
            }
        };
        let (session, number) = (Arc::clone(&attached.session), attached.number);
        self.attach(attached);
        session.with(|state| {
            state.window = window;
            let is_repeated = connect.resend_unacked == Some(true);
            if is_repeated {
                state.repeated_by = number;
            }
            for (sub, consumer) in &state.consumers {
                let mut taker = Taker::new(sub, consumer);
                let held = consumer.held.leases();
                let held = held.map(|(tag, lease)| (tag, lease.received.clone(), lease.until.milliseconds()));
                if is_repeated && !consumer.held.is_empty() {
                    taker.repeat(&self.hub, held.collect());
                }
                self.takers.push(taker);
            }
            let clock = self.hub.engine.clock();
            let connected = Connected {
                id: reply.id(),
                session: &session.id.to_string(),
                resume: &state.token.to_string(),
                resumed: is_resumed,
                subs: is_resumed.then(|| state.resumed()),
                heartbeat: self.heartbeat.as_secs_f64(),
                limits: Limits {
                    frame: limits::FRAME_BYTES,
                    subs: limits::SUBS,
                    credit: *limits::CREDIT.end(),
                },
                server: Named { name: "fanq".into(), version: env!("CARGO_PKG_VERSION").into() },
                now: clock.now_ms,
                clock: Clock { frozen: clock.frozen, offset_ms: clock.offset_ms },
            };
            self.outgoing.say(&Said::Connected(Box::new(connected)).to_text());
        });
        Ok(())
    }

    /// Who the client is: what its request or its token says, and what it says itself.
    fn caller(&self, connect: &Connect) -> Result<Caller, Refusal> {
        let refused = || Refusal::End(End::closed(Code::NotAuthenticated, "auth is no credential"));
        let token = connect.auth.as_deref().or(self.opening.token.as_deref());
        let mut caller = match token {
            Some(token) => {
                let credential = Credential::of_token(token).ok_or_else(refused)?;
                let region = self.hub.settings.region.as_str();
                auth::authenticate(Some(credential), region).map_err(|_| refused())?
            }
            None => self.opening.caller.clone(),
        };
        let wrong = |name: &str, value: &str| {
            let fault = Fault::invalid_value(value, name, "It is none.");
            Refusal::Fault(Reply::unawaited(""), fault)
        };
        if let Some(account) = &connect.account {
            if !auth::is_account(account) {
                return Err(wrong("account", account));
            }
            caller.account.clone_from(account);
        }
        if let Some(region) = &connect.region {
            if !auth::is_region(region) {
                return Err(wrong("region", region));
            }
            caller.region.clone_from(region);
        }
        Ok(caller)
    }

    /// The session that the client had, if it is still there and the client's.
    fn resume(&self, connect: &Connect, caller: &Caller) -> Option<Attached> {
        let id = Uuid::parse_str(connect.session.as_deref()?).ok()?;
        let token = Uuid::parse_str(connect.resume.as_deref()?).ok()?;
        let session = self.hub.sockets.session(id)?;
        let number = session.with(|state| {
            let is_its_own = state.token == token && state.caller == *caller;
            if is_its_own { state.attach(Arc::clone(&self.entered.waker)) } else { None }
        })?;
        Some(Attached { session, number, caller: caller.clone() })
    }

    fn log(&self, connect: &Connect) {
        if let Some(Named { name, version }) = &connect.client {
            let short = |text: &str| text.chars().take(NAME_CHARACTERS).collect::<String>();
            tracing::debug!(
                name = short(name),
                version = short(version),
                "a client has connected to the socket"
            );
        }
    }
}

fn window(connect: &Connect) -> Result<Duration, Refusal> {
    let seconds = connect.resume_window.map_or(Ok(limits::RESUME_WINDOW_DEFAULT), |seconds| {
        number::check(seconds, &limits::RESUME_WINDOW, "resumeWindow", "Must be between 0 and 300.")
    });
    let seconds = seconds.map_err(|fault| Refusal::Fault(Reply::unawaited(""), fault))?;
    Ok(Duration::from_secs(seconds.into()))
}
