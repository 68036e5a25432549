//! Endpoints that have lost their application.
//!
//! An application is deleted by one command, and all of its endpoints are gone with it: an endpoint counts only where
//! its own application stands. Their records are removed afterwards, at the next start if the hub stops in between.

use super::endpoint;
use crate::engine;
use crate::hub::Hub;
use crate::shape::record;
use crate::work::{Stop, stopped};
use futures_util::future::join_all;
use queue_core::{Record, RecordKey};
use std::sync::Arc;

/// How many are removed at a time.
const REMOVED_MAX: usize = 256;

/// Removes those that an earlier run has left.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    tokio::select! {
        () = stopped(&mut stop) => {}
        () = remove(hub.catalogue.records(&endpoint::all()), &hub) => {}
    }
}

/// Removes those of one application.
pub(crate) async fn remove_of(application: &RecordKey, hub: &Hub) {
    let all = hub.catalogue.records_within(&endpoint::all_of(application), None, usize::MAX);
    remove(all, hub).await;
}

async fn remove(mut endpoints: Vec<Arc<Record>>, hub: &Hub) {
    endpoints.retain(|endpoint| !endpoint::stands(endpoint, &hub.catalogue));
    for orphans in endpoints.chunks(REMOVED_MAX) {
        let removal = |orphan: &Arc<Record>| {
            hub.engine.execute(record::set(orphan.key.clone(), Some(orphan), None), Vec::new())
        };
        let removed = join_all(orphans.iter().map(removal)).await;
        // Somebody else may have been faster.
        let is_failure = |error: &engine::Error| !matches!(error, engine::Error::Refused(_));
        if let Some(error) = removed.into_iter().filter_map(Result::err).find(is_failure) {
            // They count as gone already; the rest is removed at the next start.
            tracing::warn!(%error, "endpoints of a deleted application are not removed yet");
            return;
        }
    }
}
