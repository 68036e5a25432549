"""Text messages, their sandbox, applications and their endpoints."""

import re
import urllib.parse

import pytest

from checks import make_topic, refused

NUMBER = "+12065550100"


def opt_out(world, number, method="PUT"):
    answer = world.send(method, f"/_fanq/opted-out-numbers/{number}")
    assert answer.status == 204, answer.text


def letters(world, **wanted):
    """What the outbox has for somebody, the newest first."""
    query = urllib.parse.urlencode(wanted)
    return world.send("GET", "/_fanq/outbox", query).json()


def make_application(sns, platform="GCM", name="shop"):
    created = sns.create_platform_application(Name=name, Platform=platform, Attributes={"PlatformCredential": "key"})
    return created["PlatformApplicationArn"]


def make_endpoint(sns, application, token="token", **more):
    return sns.create_platform_endpoint(PlatformApplicationArn=application, Token=token, **more)["EndpointArn"]


def pages(sns, operation, member, **parameters):
    """All that is listed, page by page."""
    paginator = sns.get_paginator(operation)
    return [page[member] for page in paginator.paginate(**parameters)]


# Text messages


def test_settings_are_kept_until_they_are_set_again(sns):
    assert sns.get_sms_attributes()["attributes"] == {"MonthlySpendLimit": "1"}
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "fanq"})
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Promotional"})
    assert sns.get_sms_attributes(attributes=["DefaultSMSType", "DefaultSenderID"])["attributes"] == {
        "DefaultSMSType": "Promotional",
        "DefaultSenderID": "fanq",
    }


def test_settings_belong_to_an_account_in_a_region(world, sns):
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional"})
    elsewhere = world.elsewhere(region="eu-west-1").sns()
    assert elsewhere.get_sms_attributes()["attributes"] == {"MonthlySpendLimit": "1"}


def test_a_number_opts_out_and_is_opted_in(world, sns):
    assert not sns.check_if_phone_number_is_opted_out(phoneNumber=NUMBER)["isOptedOut"]
    opt_out(world, NUMBER)
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=NUMBER)["isOptedOut"]
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == [NUMBER]
    sns.opt_in_phone_number(phoneNumber=NUMBER)
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == []
    opt_out(world, NUMBER)
    opt_out(world, NUMBER, "DELETE")
    assert not sns.check_if_phone_number_is_opted_out(phoneNumber=NUMBER)["isOptedOut"]


def test_opted_out_numbers_come_in_pages_of_a_hundred(world, sns):
    numbers = [f"+120655501{number:03}" for number in range(101)]
    for number in numbers:
        opt_out(world, number)
    assert pages(sns, "list_phone_numbers_opted_out", "phoneNumbers") == [numbers[:100], numbers[100:]]


def test_a_text_message_lands_in_the_outbox(world, sns):
    to = "+4930" + world.account[-9:]
    attributes = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
    published = sns.publish(PhoneNumber=to, Message="hello", MessageAttributes=attributes)
    (letter,) = letters(world, protocol="sms", to=to)
    assert letter.pop("time").endswith("Z")
    expected = {"protocol": "sms", "to": to, "subject": None, "message": "hello", "topicArn": None}
    assert letter == expected | {"messageId": published["MessageId"]}


def test_nothing_is_sent_to_who_opted_out(world, sns):
    to = "+4931" + world.account[-9:]
    opt_out(world, to)
    assert sns.publish(PhoneNumber=to, Message="hello")["MessageId"]
    assert letters(world, to=to) == []


def test_what_is_no_number_is_refused(sns):
    with refused("InvalidParameter", "Invalid parameter: PhoneNumber Reason: +1x is not valid to publish to"):
        sns.publish(PhoneNumber="+1x", Message="hello")


# The sandbox


def test_a_number_of_the_sandbox_is_proven_by_its_password(world, sns):
    to = "+4932" + world.account[-9:]
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
    sns.create_sms_sandbox_phone_number(PhoneNumber=to, LanguageCode="en-US")
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": to, "Status": "Pending"}]
    password = re.search(r"\d{6}", letters(world, to=to)[0]["message"]).group()
    with refused("VerificationException"):
        sns.verify_sms_sandbox_phone_number(PhoneNumber=to, OneTimePassword="00000")
    sns.verify_sms_sandbox_phone_number(PhoneNumber=to, OneTimePassword=password)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": to, "Status": "Verified"}]
    sns.delete_sms_sandbox_phone_number(PhoneNumber=to)
    with refused("ResourceNotFound", status=404):
        sns.delete_sms_sandbox_phone_number(PhoneNumber=to)


@pytest.mark.flags("--sms-sandbox")
def test_in_the_sandbox_only_verified_numbers_get_messages(world, sns):
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is True
    topic = make_topic(sns)
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=NUMBER)
    assert sns.publish(PhoneNumber=NUMBER, Message="lost")["MessageId"]
    sns.create_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    (letter,) = letters(world)
    assert letter["message"].startswith("Your verification code is ")
    assert sns.publish(PhoneNumber=NUMBER, Message="lost, too")["MessageId"]
    password = re.search(r"\d{6}", letter["message"]).group()
    sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=password)
    sns.publish(PhoneNumber=NUMBER, Message="sent")
    assert [it["message"] for it in letters(world)] == ["sent", letter["message"]]
    sns.delete_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    sns.publish(PhoneNumber=NUMBER, Message="lost again")
    assert len(letters(world)) == 2


def test_a_password_is_good_for_a_quarter_of_an_hour(world, sns, clock):
    sns.create_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    password = re.search(r"\d{6}", letters(world)[0]["message"]).group()
    clock.advance(15 * 60)
    with refused("VerificationException"):
        sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=password)


def test_no_numbers_send_messages(sns):
    assert sns.list_origination_numbers()["PhoneNumbers"] == []


# Mobile push


def test_an_application_shows_its_attributes_but_for_its_secrets(sns, world):
    application = make_application(sns)
    assert application == f"arn:aws:sns:us-east-1:{world.account}:app/GCM/shop"
    set_to = {"SuccessFeedbackSampleRate": "50", "PlatformCredential": "another"}
    sns.set_platform_application_attributes(PlatformApplicationArn=application, Attributes=set_to)
    shown = sns.get_platform_application_attributes(PlatformApplicationArn=application)["Attributes"]
    assert shown == {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}
    (listed,) = sns.list_platform_applications()["PlatformApplications"]
    assert listed == {"PlatformApplicationArn": application, "Attributes": shown}


def test_an_endpoint_is_registered_once_per_token(sns):
    application = make_application(sns)
    endpoint = make_endpoint(sns, application, CustomUserData="ann")
    assert make_endpoint(sns, application, CustomUserData="ann") == endpoint
    with refused(
        "InvalidParameter",
        f"Invalid parameter: Token Reason: Endpoint {endpoint} already exists with the same Token, "
        "but different attributes.",
    ):
        make_endpoint(sns, application, CustomUserData="bob")
    shown = sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]
    assert shown == {"Enabled": "true", "Token": "token", "CustomUserData": "ann"}


def test_endpoints_come_in_pages_of_a_hundred(sns):
    application = make_application(sns)
    made = {make_endpoint(sns, application, f"token-{number}") for number in range(101)}
    listed = pages(
        sns, "list_endpoints_by_platform_application", "Endpoints", PlatformApplicationArn=application
    )
    assert [len(page) for page in listed] == [100, 1]
    assert {endpoint["EndpointArn"] for page in listed for endpoint in page} == made


def test_a_message_to_an_endpoint_is_the_text_for_its_platform(world, sns):
    endpoint = make_endpoint(sns, make_application(sns, "APNS"))
    message = '{"default": "d", "APNS": "{\\"aps\\": {}}"}'
    published = sns.publish(TargetArn=endpoint, Message=message, MessageStructure="json", Subject="News")
    (letter,) = letters(world, protocol="application", to=endpoint)
    assert (letter["message"], letter["subject"]) == ('{"aps": {}}', "News")
    assert letter["messageId"] == published["MessageId"]


def test_a_disabled_endpoint_takes_no_messages_until_it_is_enabled(sns):
    endpoint = make_endpoint(sns, make_application(sns))
    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})
    with refused("EndpointDisabled", "Endpoint is disabled"):
        sns.publish(TargetArn=endpoint, Message="x")
    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "true", "Token": "other"})
    assert sns.publish(TargetArn=endpoint, Message="x")["MessageId"]


def test_an_application_goes_with_its_endpoints(sns):
    application = make_application(sns)
    endpoint = make_endpoint(sns, application)
    sns.delete_platform_application(PlatformApplicationArn=application)
    with refused("NotFound", "Endpoint does not exist", status=404):
        sns.get_endpoint_attributes(EndpointArn=endpoint)
    with refused("InvalidParameter"):
        sns.publish(TargetArn=endpoint, Message="x")
    assert make_application(sns) == application
    assert sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)["Endpoints"] == []


@pytest.mark.parametrize("parameter", ["app/GCM/none", "endpoint/GCM/none/none"])
def test_what_is_not_there_can_be_deleted(world, sns, parameter):
    arn = f"arn:aws:sns:us-east-1:{world.account}:{parameter}"
    if parameter.startswith("app"):
        sns.delete_platform_application(PlatformApplicationArn=arn)
    else:
        sns.delete_endpoint(EndpointArn=arn)


def test_a_topic_is_also_a_target(sns):
    assert sns.publish(TargetArn=make_topic(sns), Message="x")["MessageId"]
