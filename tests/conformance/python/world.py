"""An account of a hub, which nothing else shares, and the clients that call it."""

import base64
import functools
import itertools
import json
import urllib.parse
from dataclasses import dataclass
from xml.etree import ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.httpsession
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.session

import models

REGION = "us-east-1"
_accounts = itertools.count(100000000001)


@functools.cache
def _session(protocol):
    session = botocore.session.Session()
    if protocol == "query":
        session.set_config_variable("data_path", str(models.query_data_path()))
    return session


@functools.cache
def _service(name, protocol):
    return _session(protocol).get_service_model(name)


@dataclass
class Answer:
    """What came back, as it came."""

    status: int
    headers: dict
    body: bytes
    protocol: str = "query"

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def xml(self):
        return ElementTree.fromstring(self.body)

    def fault(self):
        return Fault.of(self)


@dataclass
class Fault:
    status: int
    code: str
    message: str
    json_type: str | None = None

    @classmethod
    def of(cls, answer):
        assert answer.status >= 400, f"{answer.status}: {answer.text}"
        assert "x-amzn-requestid" in answer.headers, answer.headers
        assert "x-amzn-errortype" not in answer.headers, answer.headers
        if answer.protocol == "json":
            body = answer.json()
            code, kind = answer.headers["x-amzn-query-error"].split(";")
            assert kind == ("Sender" if answer.status < 500 else "Receiver"), answer.headers
            return cls(answer.status, code, body.get("message", ""), body["__type"])
        root = answer.xml()
        namespace = root.tag[: root.tag.index("}") + 1]
        assert root.tag == f"{namespace}ErrorResponse", answer.text
        error = root.find(f"{namespace}Error")
        assert error.findtext(f"{namespace}Type") == ("Sender" if answer.status < 500 else "Receiver"), answer.text
        return cls(answer.status, error.findtext(f"{namespace}Code"), error.findtext(f"{namespace}Message") or "")


class World:
    """One account in one region of one hub."""

    def __init__(self, hub, account=None, region=REGION):
        self.hub = hub
        self.account = account or str(next(_accounts))
        self.region = region
        self._http = botocore.httpsession.URLLib3Session(timeout=60)

    def elsewhere(self, account=None, region=None):
        return World(self.hub, account or self.account, region or self.region)

    # Clients of the SDK

    def client(self, service, protocol="json", checked=True):
        return _session(protocol).create_client(
            service,
            region_name=self.region,
            endpoint_url=self.hub.endpoint,
            aws_access_key_id=self.account,
            aws_secret_access_key="secret",
            config=botocore.config.Config(
                retries={"total_max_attempts": 1},
                read_timeout=60,
                parameter_validation=checked,
                max_pool_connections=50,
            ),
        )

    def sqs(self, protocol="json"):
        return self.client("sqs", protocol)

    def sns(self):
        return self.client("sns")

    # Requests as they are on the wire

    def send(self, method="POST", path="/", query="", headers=None, body=b"", service="sqs", sign=True):
        """Sends a request; signed in its head, or in its query with `sign="query"`, or not at all."""
        url = self.hub.endpoint + path + (f"?{query}" if query else "")
        request = botocore.awsrequest.AWSRequest(method, url, headers=dict(headers or {}), data=body)
        if sign:
            credentials = botocore.credentials.Credentials(self.account, "secret")
            kind = botocore.auth.SigV4QueryAuth if sign == "query" else botocore.auth.SigV4Auth
            kind(credentials, service, self.region).add_auth(request)
        got = self._http.send(request.prepare())
        return Answer(got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content)

    def post_form(self, parameters, path="/", service="sqs", **more):
        """A form as any HTTP client posts it."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **more.pop("headers", {})}
        body = urllib.parse.urlencode(parameters).encode()
        return self.send(path=path, headers=headers, body=body, service=service, **more)

    def get(self, parameters, path="/", service="sqs", **more):
        return self.send("GET", path, urllib.parse.urlencode(parameters), service=service, **more)

    def post_json(self, operation, body, path="/", headers=None, **more):
        """AWS JSON 1.0; a body that is not bytes is encoded."""
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
            **(headers or {}),
        }
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        answer = self.send(path=path, headers=headers, body=body, **more)
        answer.protocol = "json"
        return answer

    def call(self, service, protocol, operation, parameters):
        """One operation with parameters that may be wrong, in either protocol of the service."""
        if protocol == "json":
            return self.post_json(operation, json.dumps(parameters, default=_base64).encode())
        model = _service(service, "query").operation_model(operation)
        serialised = botocore.serialize.create_serializer("query", False).serialize_to_request(parameters, model)
        return self.post_form(serialised["body"], service=service)

    def parsed(self, service, operation, answer):
        """The members of a good answer."""
        assert answer.status == 200, answer.text
        if answer.protocol == "json":
            return answer.json()
        shape = _service(service, "query").operation_model(operation).output_shape
        given = {"status_code": 200, "headers": answer.headers, "body": answer.body}
        return botocore.parsers.create_parser("query").parse(given, shape)


def _base64(value):
    return base64.b64encode(value).decode()
