//! The same operations in the Query protocol.

use super::*;

#[tokio::test]
async fn queues_in_xml() {
    let fixture = Fixture::new().await;
    let create = "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=3\
                  &Attribute.2.Name=VisibilityTimeout&Attribute.2.Value=7&Tag.1.Key=k&Tag.1.Value=v";
    let created =
        "<CreateQueueResult><QueueUrl>http://hub:4566/000000000000/q</QueueUrl></CreateQueueResult>";
    fixture.query("/", create, Ok(created)).await;
    let get =
        "Action=GetQueueAttributes&QueueUrl=q&AttributeName.1=VisibilityTimeout&AttributeName.2=DelaySeconds";
    let got = "<GetQueueAttributesResult><Attribute><Name>DelaySeconds</Name><Value>3</Value></Attribute>\
               <Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute></GetQueueAttributesResult>";
    fixture.query("/", get, Ok(got)).await;
    fixture.query("/", "Action=GetQueueAttributes&QueueUrl=q", Ok("<GetQueueAttributesResult/>")).await;
    let tags = "<ListQueueTagsResult><Tag><Key>k</Key><Value>v</Value></Tag></ListQueueTagsResult>";
    fixture.query("/000000000000/q", "Action=ListQueueTags", Ok(tags)).await;
    fixture.query("/000000000000/q", "Action=UntagQueue&TagKey.1=k", Ok("")).await;
    let list = "<ListQueuesResult><QueueUrl>http://hub:4566/000000000000/orders</QueueUrl>\
                <QueueUrl>http://hub:4566/000000000000/q</QueueUrl></ListQueuesResult>";
    fixture.query("/", "Action=ListQueues", Ok(list)).await;
    fixture.query("/000000000000/q", "Action=DeleteQueue", Ok("")).await;
    let message = "The specified queue does not exist for this wsdl version.";
    let gone = (400, "AWS.SimpleQueueService.NonExistentQueue", message);
    fixture.query("/000000000000/q", "Action=PurgeQueue", Err(gone)).await;
    let message = "The action ListQueues is not valid for this endpoint.";
    fixture.query("/000000000000/orders", "Action=ListQueues", Err((400, "InvalidAction", message))).await;
}

#[tokio::test]
async fn messages_in_xml() {
    let fixture = Fixture::new().await;
    let path = "/000000000000/orders";
    fixture.query(path, "Action=ReceiveMessage", Ok("<ReceiveMessageResult/>")).await;
    let send = "Action=SendMessage&MessageBody=Test%0D&MessageAttribute.1.Name=Hello\
                &MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=World";
    let (status, _, body) = fixture.send(path, &[], send).await;
    let md5s = "<MD5OfMessageAttributes>7db7fb1ba7f41366a8ea5eb18220b26d</MD5OfMessageAttributes>";
    assert!(status == 200 && body.contains(md5s), "{body}");
    let receive = "Action=ReceiveMessage&MessageAttributeName.1=All&AttributeName.1=ApproximateReceiveCount";
    let (status, _, body) = fixture.send(path, &[], receive).await;
    let attributes = "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>\
                      <MD5OfMessageAttributes>7db7fb1ba7f41366a8ea5eb18220b26d</MD5OfMessageAttributes>\
                      <MessageAttribute><Name>Hello</Name><Value><StringValue>World</StringValue>\
                      <DataType>String</DataType></Value></MessageAttribute></Message></ReceiveMessageResult>";
    assert!(status == 200 && body.contains("<Body>Test&#xD;</Body>") && body.contains(attributes), "{body}");
    let handle = body.split("ReceiptHandle>").nth(1).and_then(|rest| rest.strip_suffix("</")).unwrap();
    let change = format!("Action=ChangeMessageVisibility&ReceiptHandle={handle}&VisibilityTimeout=0");
    fixture.query(path, &change, Ok("")).await;
    let delete = format!("Action=DeleteMessage&ReceiptHandle={handle}");
    fixture.query(path, &delete, Ok("")).await;
    let bad = "The input receipt handle &quot;x&quot; is not a valid receipt handle.";
    let refusal = (404, "ReceiptHandleIsInvalid", bad);
    fixture.query(path, "Action=DeleteMessage&ReceiptHandle=x", Err(refusal)).await;
    let missing = (400, "MissingParameter", "The request must contain the parameter MessageBody.");
    fixture.query(path, "Action=SendMessage", Err(missing)).await;
}

#[tokio::test]
async fn batches_in_xml() {
    let fixture = Fixture::new().await;
    let path = "/000000000000/orders";
    let entry = |number: usize, id: &str, body: &str| {
        let name = format!("SendMessageBatchRequestEntry.{number}");
        format!("&{name}.Id={id}&{name}.MessageBody={body}")
    };
    let send = format!("Action=SendMessageBatch{}{}", entry(1, "a", ""), entry(2, "b", "%00"));
    let failed = "<SendMessageBatchResult><BatchResultErrorEntry><Id>a</Id><SenderFault>true</SenderFault>\
                  <Code>MissingParameter</Code><Message>The request must contain the parameter \
                  SendMessageBatchRequestEntry.1.MessageBody.</Message></BatchResultErrorEntry>\
                  <BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault><Code>InvalidMessageContents</Code>\
                  <Message>Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                  #xE000 to #xFFFD | #x10000 to #x10FFFF</Message></BatchResultErrorEntry></SendMessageBatchResult>";
    fixture.query(path, &send, Ok(failed)).await;
    let name = "DeleteMessageBatchRequestEntry.1";
    fixture.put("orders", "x").await;
    let handle = fixture.take("orders", json!({})).await[0].1.clone();
    let delete = format!("Action=DeleteMessageBatch&{name}.Id=d&{name}.ReceiptHandle={handle}");
    let deleted = "<DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Id>d</Id>\
                   </DeleteMessageBatchResultEntry></DeleteMessageBatchResult>";
    fixture.query(path, &delete, Ok(deleted)).await;
    let message = "There should be at least one SendMessageBatchRequestEntry in the request.";
    let empty = (400, "AWS.SimpleQueueService.EmptyBatchRequest", message);
    fixture.query(path, "Action=SendMessageBatch", Err(empty)).await;
}

#[tokio::test]
async fn lists_of_values_are_reserved() {
    let fixture = Fixture::new().await;
    let message = "Message attribute list values in SendMessage operation are not supported.";
    let refusal = (400, "AWS.SimpleQueueService.UnsupportedOperation", message);
    // What the lists hold does not matter; `x` is not base64.
    for list in [
        "StringListValue.1=x",
        "StringListValue=x",
        "StringListValue.1=",
        "DataType=String&MessageAttribute.1.Value.StringListValue.1=x",
        "BinaryListValue.1=x",
        "BinaryListValue.1=eA==",
        "BinaryListValue=x",
    ] {
        let attribute = format!("MessageAttribute.1.Name=a&MessageAttribute.1.Value.{list}");
        let send = format!("Action=SendMessage&MessageBody=x&{attribute}");
        fixture.query("/000000000000/orders", &send, Err(refusal)).await;
        let entry = "SendMessageBatchRequestEntry.1";
        let attribute = attribute.replace("MessageAttribute", &format!("{entry}.MessageAttribute"));
        let send = format!("Action=SendMessageBatch&{entry}.Id=a&{entry}.MessageBody=x&{attribute}");
        fixture.query("/000000000000/orders", &send, Err(refusal)).await;
    }
    for list in [json!({"StringListValues": [5]}), json!({"BinaryListValues": ["?"]})] {
        let input = json!({"QueueUrl": "orders", "MessageBody": "x", "MessageAttributes": {"a": list}});
        fixture.refuse("SendMessage", input, refusal).await;
    }
}
