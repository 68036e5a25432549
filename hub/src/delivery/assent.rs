//! In a hub that takes consent for granted, endpoints that were asked by an earlier start need not answer either: all of
//! them are confirmed when the hub starts.

use crate::engine::Error;
use crate::hub::Hub;
use crate::work::{Stop, stopped};
use queue_core::{Command, Confirm};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long to wait before it is tried again what there was no room for.
const PAUSE: Duration = Duration::from_secs(1);

/// Confirms what is pending, if the hub was told so. No other endpoint is asked from then on.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    while hub.settings.auto_confirm && !confirm(&hub).await {
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = sleep(PAUSE) => {}
        }
    }
}

/// Says whether that is done.
async fn confirm(hub: &Hub) -> bool {
    let pending = hub.catalogue.served().into_iter().filter(|subscription| subscription.is_pending());
    for subscription in pending {
        let confirm = Confirm { subscription: subscription.id, authenticated: false };
        match hub.engine.execute(Command::Confirm(confirm), Vec::new()).await {
            // One that is gone, or whose topic is, has nothing to wait for.
            Ok(_) | Err(Error::Refused(_)) => {}
            Err(Error::Stopped) => return true,
            Err(error @ (Error::Full(_) | Error::Damaged)) => {
                tracing::warn!(%error, "what waits for its endpoint cannot be confirmed now");
                return false;
            }
        }
    }
    true
}
