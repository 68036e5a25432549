"""Fair queues: a message group of a standard queue is a tenant, and a noisy one waits behind the others."""

from checks import bodies, counts, delete, make_queue, receive, receive_one, send


def fill(sqs, url, number, group=None, name="busy"):
    """Sends so many messages, ten at a time."""
    more = {"MessageGroupId": group} if group else {}
    for start in range(0, number, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": f"{name}{n}", **more} for n in range(start, min(start + 10, number))
        ])


def take(sqs, url, number):
    """Receives so many messages and keeps them in flight."""
    got = []
    while len(got) < number:
        more = receive(sqs, url, most=min(10, number - len(got)))
        assert more, f"{len(got)} of {number}"
        got += more
    return got


def test_a_message_of_a_quiet_tenant_passes_those_of_a_noisy_one(sqs):
    url = make_queue(sqs)
    fill(sqs, url, 60, "busy")
    take(sqs, url, 31)
    send(sqs, url, "quiet", MessageGroupId="calm")
    send(sqs, url, "of nobody")
    got = receive(sqs, url, most=4, AttributeNames=["MessageGroupId"])
    assert bodies(got) == ["quiet", "of nobody", "busy31", "busy32"]
    groups = [message.get("Attributes", {}).get("MessageGroupId") for message in got]
    assert groups == ["calm", None, "busy", "busy"]


def test_a_tenant_with_little_in_flight_is_not_noisy(sqs):
    url = make_queue(sqs)
    fill(sqs, url, 40, "busy")
    take(sqs, url, 29)
    send(sqs, url, "quiet", MessageGroupId="calm")
    assert receive_one(sqs, url)["Body"] == "busy29"
    assert receive_one(sqs, url)["Body"] == "quiet"


def test_a_tenant_with_a_small_share_of_what_is_in_flight_is_not_noisy(sqs):
    url = make_queue(sqs)
    fill(sqs, url, 270, name="other")
    take(sqs, url, 270)
    fill(sqs, url, 40, "busy")
    take(sqs, url, 30)
    send(sqs, url, "quiet", MessageGroupId="calm")
    assert receive_one(sqs, url)["Body"] == "busy30", "30 of 300 are a tenth, and not more"
    assert receive_one(sqs, url)["Body"] == "quiet"


def test_a_noisy_tenant_is_quiet_again_when_its_messages_are_deleted(sqs):
    url = make_queue(sqs)
    fill(sqs, url, 40, "busy")
    held = take(sqs, url, 30)
    send(sqs, url, "a", MessageGroupId="calm")
    send(sqs, url, "b", MessageGroupId="calm")
    assert receive_one(sqs, url)["Body"] == "a"
    delete(sqs, url, held[0])
    assert receive_one(sqs, url)["Body"] == "busy30"
    assert receive_one(sqs, url)["Body"] == "b"


def test_a_noisy_tenant_alone_is_served_in_order(sqs):
    url = make_queue(sqs)
    fill(sqs, url, 100, "busy")
    assert bodies(take(sqs, url, 100)) == [f"busy{n}" for n in range(100)]
    assert counts(sqs, url) == (0, 100, 0)
