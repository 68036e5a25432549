//! Wakes the readers of topics that were published to, so that the engine's thread need not.

use super::Live;
use crate::hub::Hub;
use crate::work::{Stop, stopped};
use std::sync::Arc;

/// Works until the hub is about to stop.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    tokio::select! {
        () = hub.live.cry_for_ever() => {}
        () = stopped(&mut stop) => {}
    }
}

impl Live {
    async fn cry_for_ever(&self) {
        loop {
            self.has_changed.notified().await;
            self.cry();
        }
    }
}
