//! All metrics: the only place that has their names. `docs/metrics.md` shows the same list to users.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only rises, from zero at each start.
    Counter,
    /// As it is at the moment.
    Gauge,
    /// How often it was up to so much.
    Histogram,
}

/// All series of one name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! families {
    ($($family:ident = $kind:ident $name:literal $help:literal;)+) => {
        $(pub(super) const $family: Family =
            Family { name: $name, kind: Kind::$kind, help: $help };)+

        #[cfg(test)]
        const ALL: &[Family] = &[$($family),+];
    };
}

families! {
    BUILD_INFO = Gauge "fanq_build_info" "The version of the program.";
    API_REQUESTS = Counter "fanq_api_requests_total" "Requests that were answered: ok, or with an error of AWS.";
    API_REQUEST_DURATION = Histogram "fanq_api_request_duration_seconds" "From the whole request to its answer, with the waits of long polls.";
    PUBLISH_ENQUEUE = Histogram "fanq_publish_enqueue_seconds" "From a decoded publish until its messages are in their queues, durably.";
    QUEUE_WAIT = Histogram "fanq_queue_wait_seconds" "From the sending of a message to its first receive.";
    QUEUE_VISIBLE = Gauge "fanq_queue_messages_visible" "Messages that can be received.";
    QUEUE_IN_FLIGHT = Gauge "fanq_queue_messages_in_flight" "Messages that were received and are neither deleted nor visible again.";
    QUEUE_DELAYED = Gauge "fanq_queue_messages_delayed" "Messages that cannot be received yet.";
    QUEUE_OLDEST_AGE = Gauge "fanq_queue_oldest_message_age_seconds" "Age of the oldest message that is not deleted; 0 if there is none.";
    QUEUE_SENT = Counter "fanq_queue_sent_messages_total" "Messages that were sent or delivered to the queue.";
    QUEUE_SENT_BYTES = Counter "fanq_queue_sent_bytes_total" "Bytes of these, as they are stored.";
    QUEUE_RECEIVED = Counter "fanq_queue_received_messages_total" "Messages that receives took, also for clients that were found to have gone.";
    QUEUE_RECEIVED_BYTES = Counter "fanq_queue_received_bytes_total" "Bytes of these, as they are stored.";
    QUEUE_EMPTY_RECEIVES = Counter "fanq_queue_empty_receives_total" "Receives that were answered without a message.";
    QUEUE_DELETED = Counter "fanq_queue_deleted_messages_total" "Messages that were deleted by their receivers.";
    QUEUE_TIMEOUTS = Counter "fanq_queue_visibility_timeouts_total" "Visibility timeouts that ran out.";
    QUEUE_DEAD_LETTERED = Counter "fanq_queue_dead_lettered_messages_total" "Messages that were moved from this queue to its dead-letter queue.";
    QUEUE_MOVED = Counter "fanq_queue_moved_messages_total" "Messages that message move tasks took out of this queue.";
    QUEUE_EXPIRED = Counter "fanq_queue_expired_messages_total" "Messages that were removed because their retention ended.";
    FILTERED = Counter "fanq_filtered_messages_total" "Messages that a filter policy kept from its subscription.";
    PUSHES = Counter "fanq_pushes_total" "Attempts to deliver over HTTP: delivered, refused for good, or failed.";
    PUSH_DURATION = Histogram "fanq_push_duration_seconds" "From the beginning of such an attempt to its answer, or to where it was given up.";
    PUSH_BREAKER_OPEN = Gauge "fanq_push_breaker_open" "1 if deliveries over HTTP pause because their endpoint fails.";
    PUSH_VISIBLE = Gauge "fanq_push_messages_visible" "Messages that wait for their delivery over HTTP and can be posted.";
    PUSH_IN_FLIGHT = Gauge "fanq_push_messages_in_flight" "Messages that are being posted, or were and are tried again later.";
    FAILED_DELIVERIES = Counter "fanq_failed_deliveries_total" "Deliveries that found neither their queue nor a dead-letter queue.";
    SCHEMA_MISMATCHES = Counter "fanq_schema_mismatches_total" "Messages that did not fit the schema of their topic, by what became of them.";
    MAPPING_MESSAGES = Counter "fanq_mapping_messages_total" "Messages that a mapping posted or filtered out.";
    MAPPING_BREAKER_OPEN = Gauge "fanq_mapping_breaker_open" "1 if a mapping pauses because its URL fails.";
    LIVE_READERS = Gauge "fanq_live_readers" "Live subscriptions of topics.";
    LIVE_EVENTS = Counter "fanq_live_events_total" "Events that were given to them.";
    LIVE_DROPPED = Counter "fanq_live_dropped_events_total" "Events that they were told to have missed, and why.";
    SOCKET_CONNECTIONS = Gauge "fanq_socket_connections" "WebSockets that are open.";
    SOCKET_CONSUMERS = Gauge "fanq_socket_consumers" "Consumers of sessions over WebSockets, those included whose client may come back.";
    SOCKET_UNACKNOWLEDGED = Gauge "fanq_socket_unacknowledged_messages" "Messages that these hold.";
    SOCKET_PUSHED = Counter "fanq_socket_pushed_messages_total" "Messages of queues that were given out over WebSockets.";
    COMMIT = Histogram "fanq_commit_seconds" "From when a batch is given to the log until it is durable.";
    COMMIT_COMMANDS = Histogram "fanq_commit_commands" "Commands in a batch.";
    COMMIT_BYTES = Histogram "fanq_commit_bytes" "Bytes of a batch.";
    SYNC = Histogram "fanq_sync_seconds" "Syncs of the log to the disk.";
    WAITING_RECEIVERS = Gauge "fanq_waiting_receivers" "Receivers in a long poll.";
    STATE_BYTES = Gauge "fanq_state_bytes" "Memory that the state takes, bodies on disk apart.";
    STATE_LIMIT_BYTES = Gauge "fanq_state_limit_bytes" "What the state may take before messages are refused.";
    BODY_BYTES = Gauge "fanq_body_bytes" "Bodies of messages that are needed, as they are stored.";
    LOG_BYTES = Gauge "fanq_log_bytes" "Disk that the log takes; memory if nothing is kept on disk.";
    DISK_FULL = Gauge "fanq_disk_full" "1 if messages are refused because the disk is full.";
    CHECKPOINTS = Counter "fanq_checkpoints_total" "Checkpoints that were made while the hub ran.";
    CHECKPOINT_BYTES = Gauge "fanq_checkpoint_bytes" "The newest checkpoint; 0 if there is none.";
    CPU = Counter "process_cpu_seconds_total" "Processor time that the process used.";
    RESIDENT = Gauge "process_resident_memory_bytes" "Memory that the process takes.";
    OPEN_FILES = Gauge "process_open_fds" "Files and sockets that are open.";
    MAX_FILES = Gauge "process_max_fds" "Files and sockets that can be open.";
    STARTED = Gauge "process_start_time_seconds" "When the hub started, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for Family { name, kind, help } in ALL {
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(plain && (name.starts_with("fanq_") || name.starts_with("process_")), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.ends_with('.') && !help.contains(['\\', '\n']), "{help}");
            assert!(!["_ms", "_mib", "_kb", "_micros"].iter().any(|unit| name.contains(unit)), "{name}");
        }
    }

    #[test]
    fn users_are_shown_the_same_list() {
        let document = include_str!("../../../docs/metrics.md");
        let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let shown: Vec<_> = rows
            .filter(|(name, _)| name.starts_with("fanq_") || name.starts_with("process_"))
            .map(|(name, rest)| {
                let mut cells = rest.trim_end_matches(" |").split(" | ");
                let kind = cells.next().unwrap_or_default();
                (name, kind, cells.last().unwrap_or_default())
            })
            .collect();
        let ours: Vec<_> = ALL.iter().map(|family| (family.name, family.kind.word(), family.help)).collect();
        assert_eq!(shown, ours);
    }
}
