"""The SQS model of the SDK, and the same model as it was when SQS spoke only Query.

Today's SDKs speak AWS JSON. Yesterday's, and callers such as curl, speak Query; their requests are made here with
the SDK's own Query serialiser, from today's model with the Query names put back.
"""

import copy
import functools
import json
import pathlib
import tempfile

import botocore.loaders

VERSION = "2012-11-05"

# Names of list and map members in Query, where they are not those of AWS JSON.
MEMBERS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BinaryList": "BinaryListValue",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "AttributeName",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
MAPS = {
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}
LEGACY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}


def json_model():
    return botocore.loaders.Loader(include_default_search_paths=True).load_service_model("sqs", "service-2")


def query_model():
    model = copy.deepcopy(json_model())
    metadata = model["metadata"]
    metadata.update(protocol="query", protocols=["query"], xmlNamespace=f"http://queue.amazonaws.com/doc/{VERSION}/")
    for name in ("awsQueryCompatible", "jsonVersion", "targetPrefix"):
        metadata.pop(name, None)
    for name, shape in model["shapes"].items():
        if name in MEMBERS:
            shape["member"]["locationName"] = MEMBERS[name]
            shape["flattened"] = True
        if name in MAPS:
            _, key, value = MAPS[name]
            shape["key"]["locationName"], shape["value"]["locationName"] = key, value
            shape["flattened"] = True
        for member in shape.get("members", {}).values():
            if member["shape"] in MAPS:
                member["locationName"] = MAPS[member["shape"]][0]
        if shape.get("exception"):
            shape["error"] = {"code": LEGACY_CODES.get(name, name), "httpStatusCode": 400, "senderFault": True}
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return model


@functools.cache
def query_data_path():
    """A folder in which an SDK finds the Query model before its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fanq-models-"))
    target = folder / "sqs" / VERSION
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(query_model()))
    return folder
