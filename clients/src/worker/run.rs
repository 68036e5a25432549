//! The loop of a worker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::Ended;
use super::breaker::Breaker;
use super::concurrency::{Concurrency, Seen};
use super::group::Groups;
use super::job::{Job, Outcome};
use crate::backoff::Backoff;
use crate::error::Error;
use crate::message::Message;
use crate::socket::{Consumer, Delivery};

/// Between two looks at how many to work on at once.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Run<H> {
    consumer: Consumer,
    job: Arc<Job<H>>,
    concurrency: Concurrency,
    breaker: Option<Breaker>,
    retry: Backoff,
    groups: Groups,
    working: JoinSet<Outcome>,
    /// Messages on their way back, which hold no place.
    returning: JoinSet<()>,
    credit: u32,
    seen: Seen,
    ended: Ended,
}

impl<H, F, E> Run<H>
where
    H: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    pub(super) fn new(
        consumer: Consumer,
        job: Arc<Job<H>>,
        concurrency: Concurrency,
        breaker: Option<Breaker>,
        retry: Backoff,
    ) -> Self {
        let credit = concurrency.limit();
        Self {
            consumer,
            job,
            concurrency,
            breaker,
            retry,
            groups: Groups::default(),
            working: JoinSet::new(),
            returning: JoinSet::new(),
            credit,
            seen: Seen::default(),
            ended: Ended::default(),
        }
    }

    pub(super) async fn until(
        mut self,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> Result<Ended, Error> {
        tokio::pin!(stop);
        let mut looks = tokio::time::interval(LOOK);
        let result = loop {
            let most = self.breaker.as_mut().and_then(|breaker| breaker.most(Instant::now()));
            self.set_credit(most.unwrap_or(u32::MAX));
            let opens = self.breaker.as_ref().and_then(Breaker::until);
            tokio::select! {
                () = &mut stop => break Ok(()),
                delivery = self.consumer.next(), if most != Some(0) => match delivery {
                    Some(Ok(delivery)) => self.take(delivery),
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
                Some(outcome) = self.working.join_next() => self.came_to(outcome),
                Some(_) = self.returning.join_next() => {}
                _ = looks.tick() => self.look(),
                () = tokio::time::sleep_until(opens.unwrap_or_else(Instant::now)), if opens.is_some() => {}
            }
        };
        self.stop(grace).await;
        result.map(|()| self.ended)
    }

    fn take(&mut self, delivery: Delivery) {
        if let Some(delivery) = self.groups.admit(delivery) {
            self.begin(delivery);
        }
    }

    fn begin(&mut self, delivery: Delivery) {
        if let Some(breaker) = &mut self.breaker {
            breaker.begun();
        }
        self.working.spawn(Arc::clone(&self.job).work(delivery));
        self.seen.busy = self.seen.busy.max(u32::try_from(self.working.len()).unwrap_or(u32::MAX));
    }

    fn came_to(&mut self, outcome: Result<Outcome, JoinError>) {
        let group = match outcome {
            Ok(Outcome::Done { group, working }) => {
                self.ended.done += 1;
                self.seen.done += 1;
                self.seen.working += working;
                if let Some(breaker) = &mut self.breaker {
                    breaker.worked();
                }
                group
            }
            Ok(Outcome::Failed { delivery, reason }) => return self.failed(*delivery, reason),
            Ok(Outcome::Repeated { group }) => {
                self.ended.repeated += 1;
                self.vanished();
                group
            }
            Ok(Outcome::Later { group }) => {
                self.vanished();
                drop(self.groups.given_up(group.as_deref()));
                return;
            }
            Ok(Outcome::Lost { group }) => {
                self.ended.lost += 1;
                self.vanished();
                group
            }
            // The function has panicked; its message was given back when it was dropped.
            Err(_) => {
                self.ended.failed += 1;
                self.break_circuit();
                return;
            }
        };
        if let Some(next) = self.groups.done(group.as_deref()) {
            self.begin(next);
        }
    }

    /// No more messages are wanted before this one is given back, if the circuit is broken.
    fn failed(&mut self, delivery: Delivery, reason: String) {
        self.ended.failed += 1;
        self.break_circuit();
        let failures = delivery.receive_count().unwrap_or(1).saturating_sub(1);
        let delay = self.retry.after(failures);
        let later = self.groups.given_up(delivery.group());
        self.returning.spawn(async move {
            // If it cannot be said, the lease ends.
            let _ = delivery.nack_group_because(delay, reason).await;
            drop(later);
        });
    }

    fn break_circuit(&mut self) {
        if let Some(breaker) = &mut self.breaker {
            breaker.failed(Instant::now());
            if let Some(most) = breaker.most(Instant::now()) {
                self.set_credit(most);
            }
        }
    }

    fn vanished(&mut self) {
        if let Some(breaker) = &mut self.breaker {
            breaker.vanished();
        }
    }

    fn look(&mut self) {
        self.seen.ready = self.consumer.stats().map_or(0, |stats| stats.ready);
        self.concurrency.adapt(self.seen);
        let busy = u32::try_from(self.working.len()).unwrap_or(u32::MAX);
        self.seen = Seen { busy, ..Seen::default() };
    }

    fn set_credit(&mut self, most: u32) {
        let credit = self.concurrency.limit().min(most);
        if credit != self.credit {
            self.credit = credit;
            self.consumer.set_credit(credit);
        }
    }

    /// Takes nothing more, ends what has begun, and gives back the rest.
    async fn stop(&mut self, grace: Duration) {
        self.set_credit(0);
        self.groups.clear();
        let finish = async {
            while let Some(outcome) = self.working.join_next().await {
                self.came_to(outcome);
            }
            while self.returning.join_next().await.is_some() {}
        };
        let _ = tokio::time::timeout(grace, finish).await;
        self.working.shutdown().await;
    }
}
