//! Amazon SNS: its operations, each in a file of its name.

use crate::operation::operations;

operations! {
    served {
        add_permission::AddPermission,
        confirm_subscription::ConfirmSubscription,
        create_topic::CreateTopic,
        delete_topic::DeleteTopic,
        get_data_protection_policy::GetDataProtectionPolicy,
        get_subscription_attributes::GetSubscriptionAttributes,
        get_topic_attributes::GetTopicAttributes,
        list_subscriptions::ListSubscriptions,
        list_subscriptions_by_topic::ListSubscriptionsByTopic,
        list_tags_for_resource::ListTagsForResource,
        list_topics::ListTopics,
        publish::Publish,
        publish_batch::PublishBatch,
        put_data_protection_policy::PutDataProtectionPolicy,
        remove_permission::RemovePermission,
        set_subscription_attributes::SetSubscriptionAttributes,
        set_topic_attributes::SetTopicAttributes,
        subscribe::Subscribe,
        tag_resource::TagResource,
        unsubscribe::Unsubscribe,
        untag_resource::UntagResource,
    }
    not yet {
        CheckIfPhoneNumberIsOptedOut,
        CreatePlatformApplication,
        CreatePlatformEndpoint,
        CreateSMSSandboxPhoneNumber,
        DeleteEndpoint,
        DeletePlatformApplication,
        DeleteSMSSandboxPhoneNumber,
        GetEndpointAttributes,
        GetPlatformApplicationAttributes,
        GetSMSAttributes,
        GetSMSSandboxAccountStatus,
        ListEndpointsByPlatformApplication,
        ListOriginationNumbers,
        ListPhoneNumbersOptedOut,
        ListPlatformApplications,
        ListSMSSandboxPhoneNumbers,
        OptInPhoneNumber,
        SetEndpointAttributes,
        SetPlatformApplicationAttributes,
        SetSMSAttributes,
        VerifySMSSandboxPhoneNumber,
    }
}

#[cfg(test)]
mod tests;
