"""Query answered in JSON, for callers that accept it: every action of SQS in the old envelope, and its errors."""

import json

import pytest

import models
from checks import arn_of, binary, make_queue, md5, receive_one, redrive_policy, send, text

ACCEPT = {"Accept": "application/json"}
WITHOUT_RESULT = {
    "AddPermission", "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "PurgeQueue", "RemovePermission",
    "SetQueueAttributes", "TagQueue", "UntagQueue",
}


def ask(world, action, url=None, **parameters):
    given = {"Action": action, "Version": "2012-11-05"} | ({"QueueUrl": url} if url else {}) | parameters
    answer = world.post_form(given, headers=ACCEPT)
    assert answer.headers["content-type"] == "application/json", answer.text
    return answer


def result(world, action, url=None, **parameters):
    """The result of an action, out of its envelope."""
    answer = ask(world, action, url, **parameters)
    assert answer.status == 200, answer.text
    (name, inside), = answer.json().items()
    assert name == f"{action}Response"
    assert inside.pop("ResponseMetadata") == {"RequestId": answer.headers["x-amzn-requestid"]}
    assert set(inside) == (set() if action in WITHOUT_RESULT else {f"{action}Result"}), answer.text
    return inside.get(f"{action}Result")


def handle(queues, url):
    send(queues, url)
    return receive_one(queues, url)["ReceiptHandle"]


def calls(world, queues):
    """Every action of SQS with parameters that it takes; each is made when it is its turn."""
    dead = make_queue(queues, "dead")
    url = make_queue(queues, RedrivePolicy=redrive_policy(arn_of(queues, dead), 3))
    other = make_queue(queues, "other")
    source = {"SourceArn": arn_of(queues, dead)}
    for number in range(3):
        send(queues, dead, str(number))
    yield "CreateQueue", None, {"QueueName": "new"}
    yield "GetQueueUrl", None, {"QueueName": "new"}
    yield "ListQueues", None, {}
    yield "GetQueueAttributes", url, {"AttributeName.1": "All"}
    yield "SetQueueAttributes", url, {"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "0"}
    yield "AddPermission", url, {"Label": "a", "AWSAccountId.1": "111122223333", "ActionName.1": "SendMessage"}
    yield "RemovePermission", url, {"Label": "a"}
    yield "TagQueue", url, {"Tag.1.Key": "a", "Tag.1.Value": "b"}
    yield "ListQueueTags", url, {}
    yield "UntagQueue", url, {"TagKey.1": "a"}
    yield "ListDeadLetterSourceQueues", dead, {}
    yield "SendMessage", url, {"MessageBody": "x"}
    yield "SendMessageBatch", url, {
        "SendMessageBatchRequestEntry.1.Id": "a", "SendMessageBatchRequestEntry.1.MessageBody": "x"}
    yield "ReceiveMessage", url, {"MaxNumberOfMessages": "10"}
    yield "ChangeMessageVisibility", url, {"ReceiptHandle": handle(queues, url), "VisibilityTimeout": "60"}
    yield "ChangeMessageVisibilityBatch", url, {
        "ChangeMessageVisibilityBatchRequestEntry.1.Id": "a",
        "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle": handle(queues, url),
        "ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout": "60"}
    yield "DeleteMessage", url, {"ReceiptHandle": handle(queues, url)}
    yield "DeleteMessageBatch", url, {
        "DeleteMessageBatchRequestEntry.1.Id": "a",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handle(queues, url)}
    yield "StartMessageMoveTask", None, source | {
        "DestinationArn": arn_of(queues, other), "MaxNumberOfMessagesPerSecond": "1"}
    yield "ListMessageMoveTasks", None, source
    running = queues.list_message_move_tasks(**source)["Results"][0]
    yield "CancelMessageMoveTask", None, {"TaskHandle": running["TaskHandle"]}
    yield "PurgeQueue", url, {}
    yield "DeleteQueue", url, {}


def test_every_action_answers_in_json_if_asked(world, queues):
    asked = set()
    for action, url, parameters in calls(world, queues):
        result(world, action, url, **parameters)
        asked.add(action)
    assert asked == set(models.json_model()["operations"])


@pytest.mark.parametrize("action", sorted(models.json_model()["operations"]))
def test_every_action_is_refused_in_json_if_asked(world, action):
    parameters = {"MaxResults": "0"} if action == "ListQueues" else {"QueueUrl": "nothing", "TaskHandle": "nothing"}
    answer = ask(world, action, **parameters)
    assert answer.status in (400, 404), answer.text
    refusal = answer.json()
    assert set(refusal) == {"Error", "RequestId"}
    assert refusal["RequestId"] == answer.headers["x-amzn-requestid"]
    assert set(refusal["Error"]) == {"Code", "Message", "Type"} and refusal["Error"]["Type"] == "Sender"
    assert refusal["Error"]["Code"] and refusal["Error"]["Message"]


def test_maps_are_lists_of_entries_in_it(world, queues):
    url = make_queue(queues)
    attributes = result(world, "GetQueueAttributes", url, **{"AttributeName.1": "DelaySeconds", "AttributeName.2": "QueueArn"})
    assert attributes == {"Attributes": [
        {"Name": "DelaySeconds", "Value": "0"}, {"Name": "QueueArn", "Value": arn_of(queues, url)}]}
    queues.tag_queue(QueueUrl=url, Tags={"team": "shipping"})
    assert result(world, "ListQueueTags", url) == {"Tags": [{"Key": "team", "Value": "shipping"}]}


def test_lists_have_their_old_names_in_it(world, queues):
    url = make_queue(queues)
    assert result(world, "ListQueues") == {"queueUrls": [url]}
    assert result(world, "ReceiveMessage", url) == {}
    send(queues, url, "<x>", MessageAttributes={"a": text("v"), "b": binary(b"\x00")})
    names = {"AttributeName.1": "ApproximateReceiveCount", "MessageAttributeName.1": "All"}
    message, = result(world, "ReceiveMessage", url, **names)["messages"]
    assert (message["Body"], message["MD5OfBody"]) == ("<x>", md5("<x>"))
    assert message["Attributes"] == [{"Name": "ApproximateReceiveCount", "Value": "1"}]
    assert message["MessageAttributes"] == [
        {"Name": "a", "Value": {"StringValue": "v", "DataType": "String"}},
        {"Name": "b", "Value": {"BinaryValue": "AA==", "DataType": "Binary"}},
    ]


def test_a_batch_says_in_it_what_failed(world, queues):
    url = make_queue(queues)
    prefix = "DeleteMessageBatchRequestEntry"
    done = result(world, "DeleteMessageBatch", url, **{
        f"{prefix}.1.Id": "good", f"{prefix}.1.ReceiptHandle": handle(queues, url),
        f"{prefix}.2.Id": "bad", f"{prefix}.2.ReceiptHandle": "nonsense"})
    assert done["Successful"] == [{"Id": "good"}]
    failed, = done["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)


def test_without_asking_the_answer_is_xml(world, queues):
    make_queue(queues)
    for accept in ("*/*", "text/xml, application/json", "application/xml"):
        answer = world.post_form({"Action": "ListQueues"}, headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("text/xml"), accept
        assert answer.body.startswith(b"<?xml"), accept


def test_json_of_query_is_not_aws_json(world, queues):
    url = make_queue(queues)
    answer = world.post_json("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["DelaySeconds"]}, headers=ACCEPT)
    assert json.loads(answer.body) == {"Attributes": {"DelaySeconds": "0"}}
