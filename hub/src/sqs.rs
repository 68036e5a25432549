//! Amazon SQS: its operations, each in a file of its name.

use crate::operation::operations;

operations! {
    served {
    }
    not yet {
        AddPermission,
        CancelMessageMoveTask,
        ListMessageMoveTasks,
        RemovePermission,
        StartMessageMoveTask,
    }
}
