"""Every action of SNS as a command of the AWS CLI, and what each prints.

The rows of a story are run one after the other. A command of `aws sns` stands as it is typed; `outbox TO` looks at what
the hub has for somebody, the newest first, and `opt-out NUMBER` answers STOP for him. A word in angle brackets is taken
from what is printed where it first stands, and means that from then on.
"""

import json
import re
import shlex
import time
import urllib.parse
import urllib.request

import pytest

from program import VERSION_1, AwsCli

WITHIN_S = 60
NOTHING = {}


class Refused(str):
    """What stands behind "An error occurred"."""


TOPIC = "arn:aws:sns:us-east-1:<account>:orders"
NEWS = "arn:aws:sns:us-east-1:<account>:news.fifo"
QUEUE = "arn:aws:sqs:us-east-1:<account>:news.fifo"
APPLICATION = "arn:aws:sns:us-east-1:<account>:app/GCM/shop"
DEVICE = "arn:aws:sns:us-east-1:<account>:endpoint/GCM/shop/<device>"
SUBSCRIPTION = f"{TOPIC}:<subscription>"
NUMBER = "+49<account>"
MAILBOX = "<account>@example.com"
LISTED = {"Owner": "<account>", "Protocol": "email", "Endpoint": MAILBOX, "TopicArn": TOPIC}
PROTECTION = '{"Name":"p","Version":"2021-06-01","Statement":[]}'
SCHEMA = '{"mode": "reject", "schema": {"type": "object", "properties": {"count": {"minimum": 1}}}}'
ARCHIVE = '{"ArchivePolicy": "{\\"MessageRetentionPeriod\\": \\"30\\"}", "FifoTopic": "true"}'
REPLAY = '{"PointType":"Timestamp","StartingPoint":"<begin>"}'
KIND = '"MessageAttributes": {"kind": {"DataType": "String", "StringValue": "news"}}'
ENTRIES = f'[{{"Id": "good", "Message": "in a batch", {KIND}}}, {{"Id": "bad", "Message": ""}}]'
AGREE = f"""Somebody asked to subscribe this address to the topic
{TOPIC}

To agree, visit
<hub>/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=<token>

The token in this link is
<token>

Otherwise there is nothing to do.
"""

STORIES = {
    "a topic": [
        ("create-topic --name orders --attributes DisplayName=Orders --tags Key=team,Value=shop", {"TopicArn": TOPIC}),
        ("list-topics", {"Topics": [{"TopicArn": TOPIC}]}),
        (f"set-topic-attributes --topic-arn {TOPIC} --attribute-name DisplayName --attribute-value Shop", NOTHING),
        (f"get-topic-attributes --topic-arn {TOPIC} --query Attributes.[DisplayName,Owner]", ["Shop", "<account>"]),
        (f"tag-resource --resource-arn {TOPIC} --tags Key=stage,Value=test", NOTHING),
        (f"untag-resource --resource-arn {TOPIC} --tag-keys team", NOTHING),
        (f"list-tags-for-resource --resource-arn {TOPIC}", {"Tags": [{"Key": "stage", "Value": "test"}]}),
        (f"add-permission --topic-arn {TOPIC} --label readers --aws-account-id 444455556666 --action-name Subscribe",
         NOTHING),
        (f"get-topic-attributes --topic-arn {TOPIC} --query \"contains(Attributes.Policy, 'readers')\"", True),
        (f"remove-permission --topic-arn {TOPIC} --label readers", NOTHING),
        (f"get-topic-attributes --topic-arn {TOPIC} --query \"contains(Attributes.Policy, 'readers')\"", False),
        (f"put-data-protection-policy --resource-arn {TOPIC} --data-protection-policy '{PROTECTION}'", NOTHING),
        (f"get-data-protection-policy --resource-arn {TOPIC}", {"DataProtectionPolicy": PROTECTION}),
        (f"set-topic-attributes --topic-arn {TOPIC} --attribute-name MessageSchema --attribute-value '{SCHEMA}'",
         NOTHING),
        (f"publish --topic-arn {TOPIC} --message '{{\"count\": 0}}'",
         Refused("(InvalidParameter) when calling the Publish operation: "
                 "Invalid parameter: Message Reason: value is less than the minimum of 1 at #/count")),
        (f"delete-topic --topic-arn {TOPIC}", NOTHING),
        ("list-topics", {"Topics": []}),
        (f"get-topic-attributes --topic-arn {TOPIC}",
         Refused("(NotFound) when calling the GetTopicAttributes operation: Topic does not exist")),
    ],
    "a mailbox that agrees, reads and leaves": [
        ("create-topic --name orders", {"TopicArn": TOPIC}),
        (f"subscribe --topic-arn {TOPIC} --protocol email --notification-endpoint {MAILBOX}",
         {"SubscriptionArn": "pending confirmation"}),
        ("list-subscriptions", {"Subscriptions": [LISTED | {"SubscriptionArn": "PendingConfirmation"}]}),
        (f"outbox {MAILBOX}", [AGREE]),
        (f"confirm-subscription --topic-arn {TOPIC} --token <token>", {"SubscriptionArn": SUBSCRIPTION}),
        (f"list-subscriptions-by-topic --topic-arn {TOPIC}",
         {"Subscriptions": [LISTED | {"SubscriptionArn": SUBSCRIPTION}]}),
        (f"set-subscription-attributes --subscription-arn {SUBSCRIPTION} --attribute-name FilterPolicy "
         "--attribute-value '{\"kind\":[\"news\"]}'", NOTHING),
        (f"get-subscription-attributes --subscription-arn {SUBSCRIPTION} "
         "--query Attributes.[Protocol,PendingConfirmation,FilterPolicy]",
         ["email", "false", '{"kind":["news"]}']),
        (f"publish --topic-arn {TOPIC} --message 'for others'", {"MessageId": "<other>"}),
        (f"publish --topic-arn {TOPIC} --subject News --message 'for all' "
         "--message-attributes kind={DataType=String,StringValue=news}", {"MessageId": "<all>"}),
        (f"outbox {MAILBOX}", ["for all", AGREE]),
        (f"publish-batch --topic-arn {TOPIC} --publish-batch-request-entries '{ENTRIES}'",
         {"Successful": [{"Id": "good", "MessageId": "<good>"}],
          "Failed": [{"Id": "bad", "Code": "InvalidParameter", "Message": "Invalid parameter: Empty message",
                      "SenderFault": True}]}),
        (f"outbox {MAILBOX}", ["in a batch", "for all", AGREE]),
        (f"unsubscribe --subscription-arn {SUBSCRIPTION}", NOTHING),
        (f"list-subscriptions-by-topic --topic-arn {TOPIC}", {"Subscriptions": []}),
    ],
    "a text message": [
        ("set-sms-attributes --attributes DefaultSMSType=Transactional,DefaultSenderID=fanq", NOTHING),
        ("get-sms-attributes --attributes DefaultSMSType DefaultSenderID",
         {"attributes": {"DefaultSMSType": "Transactional", "DefaultSenderID": "fanq"}}),
        (f"publish --phone-number {NUMBER} --message 'on its way'", {"MessageId": "<sent>"}),
        (f"outbox {NUMBER}", ["on its way"]),
        (f"check-if-phone-number-is-opted-out --phone-number {NUMBER}", {"isOptedOut": False}),
        (f"opt-out {NUMBER}", NOTHING),
        (f"check-if-phone-number-is-opted-out --phone-number {NUMBER}", {"isOptedOut": True}),
        ("list-phone-numbers-opted-out", {"phoneNumbers": [NUMBER]}),
        (f"publish --phone-number {NUMBER} --message unwanted", {"MessageId": "<unwanted>"}),
        (f"outbox {NUMBER}", ["on its way"]),
        (f"opt-in-phone-number --phone-number {NUMBER}", NOTHING),
        ("list-phone-numbers-opted-out", {"phoneNumbers": []}),
    ],
    "a number of the sandbox": [
        ("get-sms-sandbox-account-status", {"IsInSandbox": False}),
        ("list-origination-numbers", {"PhoneNumbers": []}),
        (f"create-sms-sandbox-phone-number --phone-number {NUMBER} --language-code en-US", NOTHING),
        ("list-sms-sandbox-phone-numbers", {"PhoneNumbers": [{"PhoneNumber": NUMBER, "Status": "Pending"}]}),
        (f"outbox {NUMBER}", ["Your verification code is <password>."]),
        (f"verify-sms-sandbox-phone-number --phone-number {NUMBER} --one-time-password <password>", NOTHING),
        ("list-sms-sandbox-phone-numbers", {"PhoneNumbers": [{"PhoneNumber": NUMBER, "Status": "Verified"}]}),
        (f"delete-sms-sandbox-phone-number --phone-number {NUMBER}", NOTHING),
        ("list-sms-sandbox-phone-numbers", {"PhoneNumbers": []}),
    ],
    "an application and a device": [
        ("create-platform-application --name shop --platform GCM --attributes PlatformCredential=key",
         {"PlatformApplicationArn": APPLICATION}),
        (f"set-platform-application-attributes --platform-application-arn {APPLICATION} "
         "--attributes SuccessFeedbackSampleRate=50", NOTHING),
        (f"get-platform-application-attributes --platform-application-arn {APPLICATION}",
         {"Attributes": {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}}),
        ("list-platform-applications", {"PlatformApplications": [
            {"PlatformApplicationArn": APPLICATION,
             "Attributes": {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}}]}),
        (f"create-platform-endpoint --platform-application-arn {APPLICATION} --token old --custom-user-data ann",
         {"EndpointArn": DEVICE}),
        (f"set-endpoint-attributes --endpoint-arn {DEVICE} --attributes Token=new", NOTHING),
        (f"get-endpoint-attributes --endpoint-arn {DEVICE}",
         {"Attributes": {"Enabled": "true", "Token": "new", "CustomUserData": "ann"}}),
        (f"list-endpoints-by-platform-application --platform-application-arn {APPLICATION}",
         {"Endpoints": [{"EndpointArn": DEVICE,
                         "Attributes": {"Enabled": "true", "Token": "new", "CustomUserData": "ann"}}]}),
        (f"publish --target-arn {DEVICE} --message-structure json "
         "--message '{\"default\": \"to all\", \"GCM\": \"to Android\"}'", {"MessageId": "<pushed>"}),
        (f"outbox {DEVICE}", ["to Android"]),
        (f"set-endpoint-attributes --endpoint-arn {DEVICE} --attributes Enabled=false", NOTHING),
        (f"publish --target-arn {DEVICE} --message hello",
         Refused("(EndpointDisabled) when calling the Publish operation: Endpoint is disabled")),
        (f"delete-endpoint --endpoint-arn {DEVICE}", NOTHING),
        (f"list-endpoints-by-platform-application --platform-application-arn {APPLICATION}", {"Endpoints": []}),
        (f"delete-platform-application --platform-application-arn {APPLICATION}", NOTHING),
        ("list-platform-applications", {"PlatformApplications": []}),
    ],
    "an archive": [
        (f"create-topic --name news.fifo --attributes '{ARCHIVE}'", {"TopicArn": NEWS}),
        (f"get-topic-attributes --topic-arn {NEWS} --query Attributes.[BeginningArchiveTime]", ["<begin>"]),
        (f"publish --topic-arn {NEWS} --message old --message-group-id g --message-deduplication-id 1",
         {"MessageId": "<old>", "SequenceNumber": "<number>"}),
        (f"subscribe --topic-arn {NEWS} --protocol sqs --notification-endpoint {QUEUE}",
         {"SubscriptionArn": f"{NEWS}:<reader>"}),
        (f"set-subscription-attributes --subscription-arn {NEWS}:<reader> --attribute-name ReplayPolicy "
         f"--attribute-value '{REPLAY}'", NOTHING),
        (f"get-subscription-attributes --subscription-arn {NEWS}:<reader> --query Attributes.ReplayPolicy", REPLAY),
        (f"delete-topic --topic-arn {NEWS}",
         Refused("(InvalidState) when calling the DeleteTopic operation: "
                 "Invalid parameter: Cannot delete a topic with an ArchivePolicy")),
        (f"set-topic-attributes --topic-arn {NEWS} --attribute-name ArchivePolicy --attribute-value '{{}}'", NOTHING),
        (f"delete-topic --topic-arn {NEWS}", NOTHING),
    ],
}


class Story:
    """What has been learnt from the answers so far, and whom the commands are given to."""

    def __init__(self, aws, hub, account):
        self.aws, self.hub, self.known = aws, hub, {"account": account, "hub": hub.endpoint}

    def filled(self, text):
        return re.sub(r"<(\w+)>", lambda word: self.known[word[1]], text)

    def ask(self, method, path):
        """Asks the hub itself, as whoever gives the commands."""
        scope = f"Credential={self.known['account']}/20260101/us-east-1/sns/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        request = urllib.request.Request(self.hub.endpoint + path, method=method, headers=signed)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "{}")

    def outbox(self, to, number):
        """What there is for somebody, once it is that much: topics deliver when they have answered."""
        path = f"/_fanq/outbox?{urllib.parse.urlencode({'to': to})}"
        deadline = time.monotonic() + WITHIN_S
        while len(letters := self.ask("GET", path)) < number and time.monotonic() < deadline:
            pass
        return [letter["message"] for letter in letters]

    def run(self, row, expected):
        command, *arguments = shlex.split(self.filled(row))
        if command == "outbox":
            found = self.outbox(*arguments, len(expected))
        elif command == "opt-out":
            found = self.ask("PUT", f"/_fanq/opted-out-numbers/{arguments[0]}")
        elif isinstance(expected, Refused):
            found = self.aws.refused("sns", command, *arguments).removeprefix("An error occurred ")
        else:
            found = self.aws("sns", command, *arguments)
        assert self.fits(found, expected), f"{row}\nprints   {found}\nand not  {expected}"

    def fits(self, found, expected):
        """Whether an answer is what was expected; the words that are new are taken from it."""
        if isinstance(expected, dict) and isinstance(found, dict):
            return found.keys() == expected.keys() and all(self.fits(found[key], expected[key]) for key in expected)
        if isinstance(expected, list) and isinstance(found, list):
            return len(found) == len(expected) and all(map(self.fits, found, expected))
        if isinstance(expected, str) and isinstance(found, str):
            match = re.fullmatch(self.pattern(expected), found)
            self.known |= match.groupdict() if match else {}
            return match is not None
        return found == expected

    def pattern(self, text):
        parts, new = re.split(r"<(\w+)>", text), set()
        for place in range(1, len(parts), 2):
            word = parts[place]
            if word in self.known:
                parts[place] = re.escape(self.known[word])
            else:
                parts[place] = f"(?P={word})" if word in new else rf"(?P<{word}>[^\s&]+?)"
                new.add(word)
        parts[::2] = map(re.escape, parts[::2])
        return "".join(parts)


@pytest.mark.parametrize("rows", STORIES.values(), ids=STORIES)
def test_every_command_prints_what_it_should(aws, hub, account, rows):
    story = Story(aws, hub, account)
    for row, expected in rows:
        story.run(row, expected)


def test_every_action_is_a_command_of_a_story(environment, tmp_path):
    """Asked for one that it does not know, the CLI lists those that there are."""
    said = AwsCli(VERSION_1, 1, environment, tmp_path).run("sns", "none").stderr
    actions = set(said.partition("valid choices are:")[2].replace("|", " ").split()) - {"help"}
    named = {row.split()[0] for rows in STORIES.values() for row, _ in rows} - {"outbox", "opt-out"}
    assert len(actions) >= 42 and named == actions
