//! Amazon SNS: its operations, each in a file of its name.

use crate::operation::operations;

operations! {
    served {
        add_permission::AddPermission,
        check_if_phone_number_is_opted_out::CheckIfPhoneNumberIsOptedOut,
        confirm_subscription::ConfirmSubscription,
        create_platform_application::CreatePlatformApplication,
        create_platform_endpoint::CreatePlatformEndpoint,
        create_sms_sandbox_phone_number::CreateSmsSandboxPhoneNumber,
        create_topic::CreateTopic,
        delete_endpoint::DeleteEndpoint,
        delete_platform_application::DeletePlatformApplication,
        delete_sms_sandbox_phone_number::DeleteSmsSandboxPhoneNumber,
        delete_topic::DeleteTopic,
        get_data_protection_policy::GetDataProtectionPolicy,
        get_endpoint_attributes::GetEndpointAttributes,
        get_platform_application_attributes::GetPlatformApplicationAttributes,
        get_sms_attributes::GetSmsAttributes,
        get_sms_sandbox_account_status::GetSmsSandboxAccountStatus,
        get_subscription_attributes::GetSubscriptionAttributes,
        get_topic_attributes::GetTopicAttributes,
        list_endpoints_by_platform_application::ListEndpointsByPlatformApplication,
        list_origination_numbers::ListOriginationNumbers,
        list_phone_numbers_opted_out::ListPhoneNumbersOptedOut,
        list_platform_applications::ListPlatformApplications,
        list_sms_sandbox_phone_numbers::ListSmsSandboxPhoneNumbers,
        list_subscriptions::ListSubscriptions,
        list_subscriptions_by_topic::ListSubscriptionsByTopic,
        list_tags_for_resource::ListTagsForResource,
        list_topics::ListTopics,
        opt_in_phone_number::OptInPhoneNumber,
        publish::Publish,
        publish_batch::PublishBatch,
        put_data_protection_policy::PutDataProtectionPolicy,
        remove_permission::RemovePermission,
        set_endpoint_attributes::SetEndpointAttributes,
        set_platform_application_attributes::SetPlatformApplicationAttributes,
        set_sms_attributes::SetSmsAttributes,
        set_subscription_attributes::SetSubscriptionAttributes,
        set_topic_attributes::SetTopicAttributes,
        subscribe::Subscribe,
        tag_resource::TagResource,
        unsubscribe::Unsubscribe,
        untag_resource::UntagResource,
        verify_sms_sandbox_phone_number::VerifySmsSandboxPhoneNumber,
    }
    not yet {}
}

// The socket publishes batches too.
pub(crate) use publish_batch::{Batch, BatchEntry};

#[cfg(test)]
mod tests;
