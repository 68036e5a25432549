"""What is on the wire: both protocols of SQS as raw requests, queue URLs, the protocol of SNS, and STS."""

import gzip
import json
import urllib.parse

import pytest

from checks import bodies, make_queue, make_topic, md5, receive, receive_one, send, text

SQS = "{http://queue.amazonaws.com/doc/2012-11-05/}"
SNS = "{http://sns.amazonaws.com/doc/2010-03-31/}"
STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


@pytest.fixture
def url(queues):
    return make_queue(queues)


def path_of(url):
    return urllib.parse.urlsplit(url).path


# Query


QUERY_CALLERS = {
    "post to the root": lambda world, url, more: world.post_form({"QueueUrl": url} | more),
    "post to the queue": lambda world, url, more: world.post_form(more, path=path_of(url)),
    "get from the root": lambda world, url, more: world.get({"QueueUrl": url} | more),
    "get from the queue": lambda world, url, more: world.get(more, path=path_of(url)),
    "form with a charset": lambda world, url, more: world.post_form(
        {"QueueUrl": url} | more, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
    "form without a type": lambda world, url, more: world.send(
        body=urllib.parse.urlencode({"QueueUrl": url} | more).encode()),
}


@pytest.mark.parametrize("caller", QUERY_CALLERS)
@pytest.mark.parametrize("version", [{"Version": "2012-11-05"}, {}], ids=["version", "no version"])
def test_a_query_caller_reaches_its_queue(world, queues, url, caller, version):
    call = QUERY_CALLERS[caller]
    sent = call(world, url, {"Action": "SendMessage", "MessageBody": "a b&c=ü+"} | version)
    assert (sent.status, sent.headers["content-type"].split(";")[0]) == (200, "text/xml"), sent.text
    root = sent.xml()
    assert root.tag == f"{SQS}SendMessageResponse"
    assert root.find(f"{SQS}SendMessageResult/{SQS}MD5OfMessageBody").text == md5("a b&c=ü+")
    assert root.find(f"{SQS}ResponseMetadata/{SQS}RequestId").text
    got = call(world, url, {"Action": "ReceiveMessage"} | version).xml()
    message = got.find(f"{SQS}ReceiveMessageResult/{SQS}Message")
    assert message.find(f"{SQS}Body").text == "a b&c=ü+"
    handle = message.find(f"{SQS}ReceiptHandle").text
    gone = call(world, url, {"Action": "DeleteMessage", "ReceiptHandle": handle} | version)
    assert gone.status == 200
    assert [child.tag for child in gone.xml()] == [f"{SQS}ResponseMetadata"], "nothing to say has no result element"


def test_an_empty_receive_over_query_is_an_empty_element(world, url):
    answer = world.post_form({"Action": "ReceiveMessage", "QueueUrl": url})
    result = answer.xml().find(f"{SQS}ReceiveMessageResult")
    assert result is not None and len(result) == 0 and not (result.text or "").strip()


def test_text_in_xml_is_escaped_so_that_parsers_do_not_change_it(world, queues, url):
    send(queues, url, "a\r\n<b>&\"c\"\r")
    answer = world.post_form({"Action": "ReceiveMessage", "QueueUrl": url})
    assert b"a&#xD;\n&lt;b&gt;&amp;&quot;c&quot;&#xD;" in answer.body
    assert answer.xml().find(f".//{SQS}Body").text == "a\r\n<b>&\"c\"\r"


def test_an_unknown_action_is_refused(world, url):
    for path in ("/", path_of(url)):
        fault = world.post_form({"Action": "MakeCoffee", "Version": "2012-11-05"}, path=path).fault()
        assert (fault.status, fault.code) == (400, "InvalidAction")
    fault = world.post_json("MakeCoffee", {}).fault()
    assert (fault.status, fault.json_type) == (400, "com.amazon.coral.service#UnknownOperationException")
    fault = world.post_form({"Action": "MakeCoffee", "Version": "2010-03-31"}, service="sns").fault()
    assert (fault.status, fault.code) == (400, "InvalidAction")


def test_an_action_that_is_not_built_yet_says_so(world):
    fault = world.post_form({"Action": "AssumeRole", "Version": "2011-06-15"}, service="sts").fault()
    assert (fault.status, fault.code) == (400, "InvalidAction")


@pytest.mark.parametrize("action", ["CreateQueue", "ListQueues"])
def test_actions_of_the_account_are_not_valid_on_a_queue(world, url, action):
    fault = world.post_form({"Action": action, "Version": "2012-11-05", "QueueName": "x"}, path=path_of(url)).fault()
    assert (fault.status, fault.code, fault.message) == (
        400, "InvalidAction", f"The action {action} is not valid for this endpoint.")


def test_a_query_without_an_action_is_not_found(world, url):
    answer = world.post_form({"Version": "2012-11-05"}, path=path_of(url))
    assert answer.status == 404
    assert answer.xml().tag.endswith("UnknownOperationException")


def test_the_version_tells_the_service_of_an_unsigned_query(world):
    for version, tag in (("2012-11-05", f"{SQS}ListQueuesResponse"), ("2010-03-31", f"{SNS}ListTopicsResponse")):
        action = tag.split("}")[1].removesuffix("Response")
        answer = world.get({"Action": action, "Version": version}, sign=False)
        assert (answer.status, answer.xml().tag) == (200, tag)
        answer = world.get({"Action": action}, sign=False)
        assert (answer.status, answer.xml().tag) == (200, tag), "the name alone is enough"


# AWS JSON


def test_answers_in_json_have_their_headers(world, url):
    answer = world.post_json("SendMessage", {"QueueUrl": url, "MessageBody": "x"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["x-amzn-requestid"]


def test_operations_without_output_answer_in_json_with_an_empty_body(world, queues, url):
    send(queues, url)
    handle = receive_one(queues, url)["ReceiptHandle"]
    for operation, given in (
        ("ChangeMessageVisibility", {"ReceiptHandle": handle, "VisibilityTimeout": 5}),
        ("DeleteMessage", {"ReceiptHandle": handle}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("TagQueue", {"Tags": {"a": "b"}}),
        ("AddPermission", {"Label": "a", "AWSAccountIds": ["111122223333"], "Actions": ["*"]}),
        ("RemovePermission", {"Label": "a"}),
        ("UntagQueue", {"TagKeys": ["a"]}),
        ("PurgeQueue", {}),
        ("DeleteQueue", {}),
    ):
        answer = world.post_json(operation, {"QueueUrl": url} | given)
        assert (answer.status, answer.body) == (200, b""), operation


def test_operations_with_nothing_to_say_answer_in_json_with_an_empty_object(world, url):
    for operation in ("ReceiveMessage", "GetQueueAttributes", "ListQueueTags", "ListDeadLetterSourceQueues"):
        answer = world.post_json(operation, {"QueueUrl": url})
        assert (answer.status, answer.body) == (200, b"{}"), operation
    assert world.elsewhere(account="777777777777").post_json("ListQueues", {}).body == b"{}"


def test_the_name_of_tags_is_taken_in_both_cases(world, queues):
    for number, name in enumerate(("tags", "Tags")):
        created = world.post_json("CreateQueue", {"QueueName": f"q{number}", name: {"a": "b"}}).json()["QueueUrl"]
        assert world.post_json("ListQueueTags", {"QueueUrl": created}).json() == {"Tags": {"a": "b"}}


def test_unknown_members_of_json_are_ignored(world, url):
    assert world.post_json("SendMessage", {"QueueUrl": url, "MessageBody": "x", "Colour": {"deep": [1]}}).status == 200


def test_an_error_in_json_has_both_its_codes(world):
    for mode in ({}, {"x-amzn-query-mode": "true"}):
        answer = world.post_json("SendMessage", {"QueueUrl": "nothing", "MessageBody": "x"}, headers=mode)
        assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
        assert answer.headers["content-type"] == "application/x-amz-json-1.0"
        assert answer.json() == {
            "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."}


def test_the_same_error_in_query_has_its_old_words(world):
    fault = world.post_form({"Action": "SendMessage", "QueueUrl": "nothing", "MessageBody": "x"}).fault()
    assert (fault.status, fault.code, fault.message) == (
        400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version.")


def test_json_posted_to_the_queue_path_reaches_the_queue(world, queues, url):
    for given in ({}, {"QueueUrl": url}):
        assert world.post_json("SendMessage", {"MessageBody": "x"} | given, path=path_of(url)).status == 200
    assert bodies(receive(queues, url)) == ["x", "x"]


def test_a_compressed_body_is_read(world, queues, url):
    body = gzip.compress(json.dumps({"QueueUrl": url, "MessageBody": "x"}).encode())
    assert world.post_json("SendMessage", body, headers={"Content-Encoding": "gzip"}).status == 200
    form = gzip.compress(urllib.parse.urlencode({"Action": "SendMessage", "QueueUrl": url, "MessageBody": "y"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
    assert world.send(headers=headers, body=form).status == 200
    assert bodies(receive(queues, url)) == ["x", "y"]


# Queue URLs


@pytest.mark.parametrize("form", [
    "{endpoint}/{account}/orders",
    "http://some.other.host:1234/{account}/orders",
    "https://sqs.us-east-1.amazonaws.com/{account}/orders",
    "https://queue.amazonaws.com/{account}/orders",
    "https://us-east-1.queue.amazonaws.com/{account}/orders",
    "/{account}/orders",
    "orders",
    "{endpoint}/queue/orders",
    "{endpoint}/queue/us-east-1/{account}/orders",
])
def test_a_queue_url_may_have_any_host_and_several_forms(world, protocol, queues, url, form):
    given = {"QueueUrl": form.format(endpoint=world.hub.endpoint, account=world.account), "MessageBody": "x"}
    answer = world.call("sqs", protocol, "SendMessage", given)
    assert answer.status == 200, answer.text
    assert bodies(receive(queues, url)) == ["x"]


@pytest.mark.parametrize("wrong", ["", "nothing", "http://x/", "{endpoint}/{account}/", "{endpoint}/{account}/a/b/c/d", "::", None])
def test_a_queue_url_that_names_no_queue_is_that_of_no_queue(world, protocol, url, wrong):
    given = {"MessageBody": "x"}
    if wrong is not None:
        given["QueueUrl"] = wrong.format(endpoint=world.hub.endpoint, account=world.account)
    fault = world.call("sqs", protocol, "SendMessage", given).fault()
    assert (fault.status, fault.code) == (400, "AWS.SimpleQueueService.NonExistentQueue")


def test_a_queue_url_has_the_host_of_the_request(world, protocol):
    port = urllib.parse.urlsplit(world.hub.endpoint).port
    for host in (f"localhost:{port}", "fanq", "fanq:4566", "hub.internal", "sqs.us-east-1.localhost.localstack.cloud:4566"):
        headers = {"Host": host}
        if protocol == "json":
            answer = world.post_json("CreateQueue", {"QueueName": "orders"}, headers=headers, sign=False)
        else:
            answer = world.post_form({"Action": "CreateQueue", "QueueName": "orders"}, headers=headers, sign=False)
        created = world.parsed("sqs", "CreateQueue", answer)["QueueUrl"]
        assert created == f"http://{host}/000000000000/orders"


def test_forwarded_headers_are_not_believed_unless_a_proxy_is_trusted(world):
    headers = {"X-Forwarded-Host": "queues.example.com", "X-Forwarded-Proto": "https"}
    answer = world.post_json("CreateQueue", {"QueueName": "orders"}, headers=headers)
    assert answer.json()["QueueUrl"].startswith(world.hub.endpoint)


@pytest.mark.flags("--trust-proxy")
@pytest.mark.parametrize("headers", [
    {"X-Forwarded-Host": "queues.example.com", "X-Forwarded-Proto": "https"},
    {"Forwarded": "for=192.0.2.1;proto=https;host=queues.example.com"},
])
def test_a_queue_url_is_that_of_a_trusted_proxy(world, headers):
    answer = world.post_json("CreateQueue", {"QueueName": "orders"}, headers=headers)
    assert answer.json()["QueueUrl"] == f"https://queues.example.com/{world.account}/orders"


@pytest.mark.flags("--public-url", "https://queues.example.com")
def test_a_queue_url_is_public_if_a_public_url_is_set(world):
    answer = world.post_json("CreateQueue", {"QueueName": "orders"})
    assert answer.json()["QueueUrl"] == f"https://queues.example.com/{world.account}/orders"


# Old and asynchronous clients


def test_a_signed_post_to_the_queue_path_works_in_both_forms(world, queues, url):
    assert world.post_form({"Action": "SendMessage", "MessageBody": "form"}, path=path_of(url)).status == 200
    assert world.post_json("SendMessage", {"MessageBody": "json", "QueueUrl": url}, path=path_of(url)).status == 200
    assert bodies(receive(queues, url)) == ["form", "json"]


def test_a_presigned_get_works(world, queues, url):
    send(queues, url, "x")
    answer = world.get({"Action": "ReceiveMessage"}, path=path_of(url), sign="query")
    assert answer.xml().find(f".//{SQS}Body").text == "x"


# SNS and STS


def test_answers_of_topics_are_xml_with_their_result(world, sns):
    topic = make_topic(sns)
    answer = world.post_form({"Action": "Publish", "TopicArn": topic, "Message": "x", "Version": "2010-03-31"}, service="sns")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/xml")
    root = answer.xml()
    assert root.tag == f"{SNS}PublishResponse"
    assert root.findtext(f"{SNS}PublishResult/{SNS}MessageId")
    assert root.findtext(f"{SNS}ResponseMetadata/{SNS}RequestId") == answer.headers["x-amzn-requestid"]


def test_a_message_can_be_published_by_get(world, sns):
    topic = make_topic(sns)
    answer = world.get({"Action": "Publish", "TopicArn": topic, "Message": "x", "Version": "2010-03-31"}, service="sns")
    assert answer.xml().findtext(f"{SNS}PublishResult/{SNS}MessageId")


@pytest.mark.parametrize("action,has_result", [
    ("DeleteTopic", False), ("SetTopicAttributes", False), ("TagResource", True), ("UntagResource", True),
])
def test_result_elements_of_topics_are_where_aws_has_them(world, sns, action, has_result):
    topic = make_topic(sns)
    more = {
        "DeleteTopic": {"TopicArn": topic},
        "SetTopicAttributes": {"TopicArn": topic, "AttributeName": "DisplayName", "AttributeValue": "x"},
        "TagResource": {"ResourceArn": topic, "Tags.member.1.Key": "a", "Tags.member.1.Value": "b"},
        "UntagResource": {"ResourceArn": topic, "TagKeys.member.1": "a"},
    }[action]
    root = world.post_form({"Action": action, "Version": "2010-03-31"} | more, service="sns").xml()
    assert root.tag == f"{SNS}{action}Response"
    assert (root.find(f"{SNS}{action}Result") is not None) == has_result


def test_endpoints_and_messages_with_markup_are_escaped(world, sns, queues):
    topic = make_topic(sns)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="a&b <c> \"d\"")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "a&b <c> \"d\""
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a&b", "Value": "<c>"}])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a&b", "Value": "<c>"}]


def test_an_error_of_a_topic_is_xml(world):
    parameters = {"Action": "GetTopicAttributes", "Version": "2010-03-31", "TopicArn": f"arn:aws:sns:us-east-1:{world.account}:x"}
    fault = world.post_form(parameters, service="sns").fault()
    assert (fault.status, fault.code, fault.message) == (404, "NotFound", "Topic does not exist")


def test_who_am_i(world):
    got = world.client("sts").get_caller_identity()
    assert (got["Account"], got["Arn"]) == (world.account, f"arn:aws:iam::{world.account}:root")
    assert got["UserId"]
    answer = world.post_form({"Action": "GetCallerIdentity", "Version": "2011-06-15"}, service="sts")
    assert answer.xml().tag == f"{STS}GetCallerIdentityResponse"


def test_an_access_key_that_is_no_account_is_the_default_account(world):
    assert world.elsewhere(account="AKIAIOSFODNN7EXAMPLE").client("sts").get_caller_identity()["Account"] == "000000000000"


def test_digests_of_attributes_are_right_in_batches_over_both_protocols(sqs):
    url = make_queue(sqs)
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": "x", "MessageAttributes": {"Hello": text("World")}}, {"Id": "b", "MessageBody": "y"}])
    digests = [entry.get("MD5OfMessageAttributes") for entry in sent["Successful"]]
    assert digests == ["7db7fb1ba7f41366a8ea5eb18220b26d", None]
