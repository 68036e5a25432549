//! The task behind a socket: it connects, reads, writes, and connects again.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::command::Command;
use super::frame::Connected;
use super::state::State;
use super::transport::{Broken, Dial, Transport, next, write_all};
use crate::backoff::Backoff;

/// At most so many commands make one round of frames.
const COMMANDS: usize = 256;

/// What has to be answered before an orderly end has so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) struct Driver {
    pub(super) dial: Dial,
    pub(super) state: State,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    backoff: Backoff,
    closing: Option<Closing>,
}

/// The end is wanted, once everything is answered or the time is over.
struct Closing {
    until: Instant,
    reply: Option<oneshot::Sender<()>>,
}

/// How a connection has ended.
enum Ended {
    AsWanted,
    Broken(Broken),
}

impl Driver {
    pub(super) fn new(dial: Dial, state: State, commands: mpsc::UnboundedReceiver<Command>) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        Self { dial, state, commands, backoff, closing: None }
    }

    /// Works until the socket is closed, by this side or for good by the other.
    pub(super) async fn run(mut self, transport: Transport, connected: Connected) {
        let mut next = Some((transport, connected));
        while let Some((transport, connected)) = next {
            let ended = self.serve(transport, &connected).await;
            self.state.broke();
            next = match ended {
                Ended::AsWanted => None,
                Ended::Broken(broken) => self.connect_again(broken).await,
            };
        }
        if let Some(reply) = self.closing.and_then(|closing| closing.reply) {
            let _ = reply.send(());
        }
    }

    /// One connection, until it ends.
    async fn serve(&mut self, transport: Transport, connected: &Connected) -> Ended {
        let (sink, mut frames) = transport.split();
        let (writer, to_write) = mpsc::unbounded_channel();
        let written = tokio::spawn(write_all(sink, to_write));
        self.state.connected(connected);
        let silence_max = Duration::try_from_secs_f64(connected.heartbeat * 2.5).unwrap_or(Duration::MAX);
        let ended = self.exchange(&mut frames, &writer, silence_max).await;
        drop(writer);
        self.hang_up(ended, frames, written).await
    }

    /// Reads and writes. Writing is another task's, since a hub that does not read may be waiting to be read.
    async fn exchange(
        &mut self,
        frames: &mut SplitStream<Transport>,
        writer: &mpsc::UnboundedSender<String>,
        silence_max: Duration,
    ) -> Ended {
        let mut batch = Vec::with_capacity(COMMANDS);
        let mut silent_until = Instant::now() + silence_max;
        loop {
            for frame in self.state.take_frames() {
                // If the writer has gone, reading tells why.
                let _ = writer.send(frame);
            }
            if self.state.is_refused() {
                return Ended::Broken(Broken::passing("the hub cannot do it now"));
            }
            let closing = self.closing.as_ref().map(|closing| closing.until);
            if closing.is_some() && self.state.is_idle() {
                return Ended::AsWanted;
            }
            tokio::select! {
                count = self.commands.recv_many(&mut batch, COMMANDS), if closing.is_none() => {
                    self.take(count, &mut batch);
                }
                frame = next(frames) => match frame {
                    Ok(said) => {
                        silent_until = Instant::now() + silence_max;
                        // A connection on which something is said has worked; the next one need not wait long.
                        self.backoff.worked();
                        self.state.said(said);
                    }
                    Err(broken) => return Ended::Broken(broken),
                },
                () = tokio::time::sleep_until(silent_until) => {
                    return Ended::Broken(Broken::passing("the hub has fallen silent"));
                }
                () = tokio::time::sleep_until(closing.unwrap_or(silent_until)), if closing.is_some() => {
                    return Ended::AsWanted;
                }
            }
        }
    }

    fn take(&mut self, count: usize, batch: &mut Vec<Command>) {
        if count == 0 {
            self.close(None);
        }
        for command in batch.drain(..) {
            match command {
                Command::Close { reply } => self.close(Some(reply)),
                other => self.state.command(other),
            }
        }
    }

    fn close(&mut self, reply: Option<oneshot::Sender<()>>) {
        self.closing = Some(Closing { until: Instant::now() + LAST_WORDS, reply });
    }

    /// What was wanted is said to the hub as well: an orderly end gives back at once what is held.
    async fn hang_up(
        &mut self,
        ended: Ended,
        mut frames: SplitStream<Transport>,
        written: JoinHandle<()>,
    ) -> Ended {
        match &ended {
            Ended::AsWanted => {
                self.state.end(|| None);
                // The writer closes when it has written all; the hub answers that.
                let goodbye = async { while next(&mut frames).await.is_ok() {} };
                let _ = tokio::time::timeout(LAST_WORDS, goodbye).await;
            }
            Ended::Broken(_) => {}
        }
        written.abort();
        ended
    }

    /// Waits and connects, later and later, while commands are taken. Nothing if there is no use in that.
    async fn connect_again(&mut self, mut broken: Broken) -> Option<(Transport, Connected)> {
        loop {
            if self.closing.is_some() {
                self.state.end(|| None);
                return None;
            }
            if !broken.is_passing {
                let (client, code) = (self.dial.client.clone(), broken.code);
                self.state.end(|| Some(client.closed(code, &broken.reason)));
                return None;
            }
            let pause = self.backoff.failed();
            let pause = self.state.away().map_or(pause, |away| away + pause);
            let dial = self.dial.clone();
            let attempt = async {
                tokio::time::sleep(pause).await;
                dial.connect().await
            };
            tokio::pin!(attempt);
            let mut batch = Vec::with_capacity(COMMANDS);
            let result = loop {
                tokio::select! {
                    result = &mut attempt => break Some(result),
                    count = self.commands.recv_many(&mut batch, COMMANDS) => self.take(count, &mut batch),
                }
                if self.closing.is_some() {
                    break None;
                }
            };
            match result {
                Some(Ok((transport, connected))) => {
                    self.dial.session = Some((connected.session.clone(), connected.resume.clone()));
                    return Some((transport, connected));
                }
                Some(Err(next)) => broken = next,
                None => {}
            }
        }
    }
}
