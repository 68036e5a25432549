//! Errors that a program matches on arrive as the types that its SDK models.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use fanq_tests::Hub;

use crate::clients::{fifo_queue, queue, sns, sqs};

#[tokio::test]
async fn an_unknown_queue_is_that_type_in_every_operation() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = format!("{}/111122223333/nothing", hub.endpoint());
    macro_rules! check {
        ($($call:expr),+ $(,)?) => {
            $(let error = $call.send().await.unwrap_err().into_service_error();
            assert!(error.is_queue_does_not_exist(), "{error:?}");)+
        };
    }
    check!(
        sqs.send_message().queue_url(&url).message_body("x"),
        sqs.receive_message().queue_url(&url),
        sqs.delete_message().queue_url(&url).receipt_handle("x"),
        sqs.get_queue_attributes().queue_url(&url),
        sqs.purge_queue().queue_url(&url),
        sqs.delete_queue().queue_url(&url),
        sqs.list_queue_tags().queue_url(&url),
        sqs.list_dead_letter_source_queues().queue_url(&url),
        sqs.get_queue_url().queue_name("nothing"),
        sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::DelaySeconds, "1"),
        sqs.tag_queue().queue_url(&url).tags("a", "b"),
        sqs.untag_queue().queue_url(&url).tag_keys("a"),
        sqs.change_message_visibility().queue_url(&url).receipt_handle("x").visibility_timeout(0),
        sqs.change_message_visibility_batch().queue_url(&url).set_entries(Some(Vec::new())),
        sqs.send_message_batch().queue_url(&url).set_entries(Some(Vec::new())),
        sqs.delete_message_batch().queue_url(&url).set_entries(Some(Vec::new())),
    );
}

#[tokio::test]
async fn an_error_has_the_code_of_old_and_its_own_type() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let error = sqs.get_queue_url().queue_name("nothing").send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!(error.meta().message(), Some("The specified queue does not exist."));
}

#[tokio::test]
async fn a_name_that_is_taken_is_that_type() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    queue(&sqs, "orders", &[]).await;
    let other = sqs.create_queue().queue_name("orders").attributes(QueueAttributeName::DelaySeconds, "5");
    let error = other.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
}

#[tokio::test]
async fn wrong_attributes_are_those_types() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let create = sqs.create_queue().queue_name("orders");
    let wrong = create.clone().attributes(QueueAttributeName::DelaySeconds, "901");
    let error = wrong.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_value(), "{error:?}");
    let unknown = create.attributes(QueueAttributeName::from("Colour"), "red");
    let error = unknown.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_name(), "{error:?}");
}

#[tokio::test]
async fn an_invalid_receipt_handle_is_that_type() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let error = sqs.delete_message().queue_url(&url).receipt_handle("nonsense").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = error.into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
}

#[tokio::test]
async fn wrong_batches_are_their_types() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let batch = async |ids: &[&str], body: &str| {
        let entry =
            |id: &&str| SendMessageBatchRequestEntry::builder().id(*id).message_body(body).build().unwrap();
        let entries = ids.iter().map(entry).collect();
        let sent = sqs.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await;
        sent.unwrap_err().into_service_error()
    };
    assert!(batch(&[], "x").await.is_empty_batch_request());
    assert!(batch(&["a", "a"], "x").await.is_batch_entry_ids_not_distinct());
    assert!(batch(&["a b"], "x").await.is_invalid_batch_entry_id());
    assert!(
        batch(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"], "x")
            .await
            .is_too_many_entries_in_batch_request()
    );
    assert!(batch(&["a", "b"], &"x".repeat(600_000)).await.is_batch_request_too_long());
}

#[tokio::test]
async fn a_purge_too_soon_is_that_type() {
    let hub = Hub::start(&["--strict"]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    let error = sqs.purge_queue().queue_url(&url).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    assert!(error.into_service_error().is_purge_queue_in_progress());
}

#[tokio::test]
async fn a_name_that_is_used_again_too_soon_is_that_type() {
    let hub = Hub::start(&["--strict"]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let error = sqs.create_queue().queue_name("orders").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_deleted_recently());
}

#[tokio::test]
async fn lists_of_values_are_that_type() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let list = MessageAttributeValue::builder().data_type("String").string_list_values("a").build().unwrap();
    let request = sqs.send_message().queue_url(&url).message_body("x").message_attributes("kinds", list);
    let error = request.send().await.unwrap_err();
    assert!(error.into_service_error().is_unsupported_operation());
}

#[tokio::test]
async fn a_body_with_forbidden_characters_is_that_type() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let error = sqs.send_message().queue_url(&url).message_body("\u{1}").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_message_contents());
}

#[tokio::test]
async fn what_sqs_does_not_model_still_has_its_code() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = fifo_queue(&sqs, "orders.fifo").await;
    let error = sqs.send_message().queue_url(&url).message_body("x").send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("MissingParameter"));
}

#[tokio::test]
async fn errors_of_topics_are_their_types() {
    let hub = Hub::start(&[]);
    let sns = sns(&hub);
    let nothing = "arn:aws:sns:us-east-1:111122223333:nothing";
    let error = sns.publish().topic_arn(nothing).message("x").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = error.into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    let error =
        sns.get_topic_attributes().topic_arn("nonsense").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
    let error =
        sns.list_tags_for_resource().resource_arn(nothing).send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}
