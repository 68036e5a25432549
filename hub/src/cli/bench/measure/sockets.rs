//! What is measured over WebSockets.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use super::{Measurement, done};
use crate::cli::Error;
use crate::cli::bench::consumers::Consumers;
use crate::cli::bench::crew::Stretch;
use crate::cli::bench::flow::Listening;
use crate::cli::bench::idle::{Idle, Opened};
use crate::cli::bench::messages::Work;
use crate::cli::bench::options::Options;
use crate::cli::bench::socket::Socket;

impl Measurement<'_> {
    /// From a publish to sockets.
    pub(super) async fn stream(&self) -> Result<Stretch, Error> {
        let Options { connections, frozen, queues, .. } = *self.options;
        let (listening, reached) = if self.options.scenario.has_queues() {
            (Listening::ToQueues { urls: self.ground.queue_urls.clone() }, queues)
        } else {
            let frozen_sockets = usize::try_from(frozen).unwrap_or(usize::MAX);
            let listening = Listening::ToTopic { arn: self.topic_arn().to_owned(), frozen: frozen_sockets };
            (listening, connections.saturating_sub(frozen))
        };
        let (listening, runs) = (Arc::new(listening), AtomicU64::new(0));
        // One more, to publish.
        let connections = self.connections().saturating_add(1);
        self.twice(|time| {
            let (flow, opened, heard) =
                (self.flow(&runs, reached.into()), Arc::clone(&listening), Arc::clone(&listening));
            let (address, requests) = (self.crew.running.address, self.crew.running.requests.clone());
            let open = move |index| {
                let (requests, listening) = (requests.clone(), Arc::clone(&opened));
                async move {
                    let mut socket = Socket::open(address, &requests).await?;
                    listening.begin(index, &mut socket).await?;
                    Ok(socket)
                }
            };
            let work = move |worker| Arc::clone(&flow).stream(Arc::clone(&heard), worker);
            self.crew.run_with(connections, Some(time), open, work)
        })
        .await
    }

    /// Opens sockets, which is what is timed, and looks at what they take when they have been there for a while.
    pub(super) async fn idle(&self) -> Result<Stretch, Error> {
        self.say("opening", false);
        let running = self.crew.running;
        let (began, cpu, before) = (Instant::now(), running.cpu(), running.resident_bytes());
        let idle = Arc::new(Idle::new());
        let waiting = async {
            // The sender lives as long as this value.
            let _ = idle.opened.subscribe().wait_for(|opened| *opened).await;
            let time = began.elapsed();
            let cpu = running.cpu().zip(cpu).map(|(end, begin)| end.saturating_sub(begin));
            self.say("measuring", true);
            tokio::time::sleep(self.options.duration).await;
            let with_sockets = running.resident_bytes();
            idle.over.send_replace(true);
            Ok((time, cpu, with_sockets))
        };
        let (address, requests, work) = (running.address, running.requests.clone(), Arc::clone(&idle));
        let open = move |_| {
            let requests = requests.clone();
            async move { Opened::open(address, &requests).await }
        };
        let work = move |worker| Arc::clone(&work).work(worker);
        let run = self.crew.run_with(self.connections(), None, open, work);
        let (waited, mut stretch) = tokio::try_join!(waiting, async { done(run.await?) })?;
        let (time, cpu, with_sockets) = waited;
        // Heartbeats say that the sockets are there; they are none of what was opened.
        stretch.tally.messages = 0;
        self.progress.measured(self.options.duration);
        let bytes_per_connection = self.each(with_sockets, before);
        Ok(Stretch { time, cpu, bytes_per_connection, ..stretch })
    }

    /// Drains over sockets.
    pub(super) fn consume(&self, work: Work) -> impl Future<Output = Result<Stretch, Error>> {
        let (address, requests) = (self.crew.running.address, work.requests.clone());
        let consumers = Arc::new(Consumers::new(work));
        let open = move |_| {
            let requests = requests.clone();
            async move { Socket::open(address, &requests).await }
        };
        self.crew.run_with(self.connections(), None, open, move |worker| Arc::clone(&consumers).work(worker))
    }
}
