"""The outbox: what would have left the hub for a carrier, a device or a mailbox."""

import datetime

import pytest


def outbox(world, method="GET", **wanted):
    query = "&".join(f"{name}={value}" for name, value in wanted.items())
    return world.send(method, "/_fanq/outbox", query)


@pytest.mark.flags()
def test_letters_are_listed_the_newest_first_and_chosen(world, sns):
    application = sns.create_platform_application(Name="shop", Platform="GCM", Attributes={"PlatformCredential": "key"})
    arn = application["PlatformApplicationArn"]
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=arn, Token="token")["EndpointArn"]
    sns.publish(PhoneNumber="+49300000001", Message="a")
    sns.publish(PhoneNumber="+49300000002", Message="b")
    sns.publish(TargetArn=endpoint, Message="c")

    def messages(**wanted):
        return [letter["message"] for letter in outbox(world, **wanted).json()]

    assert messages() == ["c", "b", "a"]
    assert messages(protocol="sms") == ["b", "a"]
    assert messages(to="%2B49300000001") == ["a"]
    assert messages(limit=1) == ["c"]
    assert outbox(world, "DELETE").status == 204
    assert messages() == []


@pytest.mark.flags()
def test_a_thousand_letters_are_kept(world, sns):
    for message in range(1001):
        sns.publish(PhoneNumber="+49300000001", Message=str(message))
    kept = outbox(world).json()
    assert [letter["message"] for letter in kept] == [str(message) for message in range(1000, 0, -1)]


def test_time_in_the_outbox_is_that_of_the_hub(world, sns, clock):
    clock.advance(3600)
    sns.publish(PhoneNumber="+49300000001", Message="a")
    (letter,) = outbox(world).json()
    assert list(letter) == ["time", "protocol", "to", "subject", "message", "messageId", "topicArn"]
    now = datetime.datetime.fromtimestamp(clock.now_ms() / 1000, datetime.timezone.utc)
    assert datetime.datetime.fromisoformat(letter["time"].replace("Z", "+00:00")) == now


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1"])
def test_a_limit_that_is_none_is_refused(world, limit):
    answer = outbox(world, limit=limit)
    assert (answer.status, answer.json()["error"]) == (400, "limit must be a whole number from 1 to 1000.")


def test_the_outbox_cannot_be_written_to(world):
    answer = outbox(world, "PUT")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, DELETE")


def test_only_numbers_opt_out(world):
    answer = world.send("PUT", "/_fanq/opted-out-numbers/ann")
    assert (answer.status, answer.json()["error"]) == (400, "A number is written as +12065550100.")
    assert world.send("GET", "/_fanq/opted-out-numbers/+12065550100").headers["allow"] == "PUT, DELETE"
