//! Amazon SQS: its operations, each in a file of its name.

use crate::operation::operations;

operations! {
    served {
        add_permission::AddPermission,
        cancel_message_move_task::CancelMessageMoveTask,
        change_message_visibility::ChangeMessageVisibility,
        change_message_visibility_batch::ChangeMessageVisibilityBatch,
        create_queue::CreateQueue,
        delete_message::DeleteMessage,
        delete_message_batch::DeleteMessageBatch,
        delete_queue::DeleteQueue,
        get_queue_attributes::GetQueueAttributes,
        get_queue_url::GetQueueUrl,
        list_dead_letter_source_queues::ListDeadLetterSourceQueues,
        list_message_move_tasks::ListMessageMoveTasks,
        list_queue_tags::ListQueueTags,
        list_queues::ListQueues,
        purge_queue::PurgeQueue,
        receive_message::ReceiveMessage,
        remove_permission::RemovePermission,
        send_message::SendMessage,
        send_message_batch::SendMessageBatch,
        set_queue_attributes::SetQueueAttributes,
        start_message_move_task::StartMessageMoveTask,
        tag_queue::TagQueue,
        untag_queue::UntagQueue,
    }
    not yet {}
}

// The plain resources do these too; the floor of `fanq bench` reads them.
pub(crate) use delete_message::DeleteMessage;
pub(crate) use receive_message::ReceiveMessage;
pub(crate) use send_message::SendMessage;
pub(crate) use send_message_batch::SendMessageBatch;

#[cfg(test)]
mod tests;
