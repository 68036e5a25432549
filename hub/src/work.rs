//! What the hub does by itself, beside answering requests. Each kind of work is a task that begins with the hub and
//! ends before its engine does.

use crate::delivery::{assent, supervisor};
use crate::hub::Hub;
use crate::live;
use crate::shape::platform::orphans;
use crate::socket::keeper;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Tells work that the hub is about to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// How long what is under way has after the hub was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Returns when the hub is about to stop.
pub(crate) async fn stopped(stop: &mut Stop) {
    // Whoever could say so being gone is as good.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Returns when what is under way is given up.
pub(crate) async fn given_up(stop: &Stop) {
    stopped(&mut stop.clone()).await;
    tokio::time::sleep(GRACE).await;
}

/// All that is under way.
pub(crate) struct Work {
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Work {
    /// Begins to work for a hub. Needs a Tokio runtime around it.
    pub(crate) fn start(hub: &Arc<Hub>) -> Self {
        let (stopping, _stop) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(assent::run(Arc::clone(hub), stopping.subscribe()));
        tasks.spawn(supervisor::run(Arc::clone(hub), stopping.subscribe()));
        tasks.spawn(orphans::run(Arc::clone(hub), stopping.subscribe()));
        tasks.spawn(live::run(Arc::clone(hub), stopping.subscribe()));
        tasks.spawn(keeper::run(Arc::clone(hub), stopping.subscribe()));
        Self { stopping, tasks }
    }

    /// Begins nothing new, and returns when what is under way has ended.
    pub(crate) async fn stop(mut self) {
        self.stopping.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
