"""A collector of traces: takes them by OTLP over HTTP and reads them with the official message types."""

import gzip
import http.server
import threading
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent
from opentelemetry.proto.trace.v1.trace_pb2 import Status

ARRIVES_WITHIN_S = 30


@dataclass
class Span:
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    state: str
    attributes: dict
    is_error: bool
    start: int
    end: int
    resource: dict


def _plain(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def _spans(request):
    for group in request.resource_spans:
        resource = _plain(group.resource.attributes)
        for sent in (span for scope in group.scope_spans for span in scope.spans):
            yield Span(
                name=sent.name,
                kind=Sent.SpanKind.Name(sent.kind).removeprefix("SPAN_KIND_").lower(),
                trace=sent.trace_id.hex(),
                id=sent.span_id.hex(),
                parent=sent.parent_span_id.hex(),
                state=sent.trace_state,
                attributes=_plain(sent.attributes),
                is_error=sent.status.code == Status.STATUS_CODE_ERROR,
                start=sent.start_time_unix_nano,
                end=sent.end_time_unix_nano,
                resource=resource,
            )


class Collector:
    """Listens on a free port until `close`. With a `tls` context it speaks HTTPS."""

    def __init__(self, tls=None):
        self.spans = []
        self.requests = []
        self._news = threading.Condition()
        collector = self

        class Requests(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(self.path, dict(self.headers.items()), body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, path, headers, body):
        headers = {name.lower(): value for name, value in headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        spans = list(_spans(ExportTraceServiceRequest.FromString(body)))
        with self._news:
            self.requests.append((path, headers))
            self.spans.extend(spans)
            self._news.notify_all()

    def of(self, trace):
        """The spans of one trace by their names, once its request has arrived, which is the last to end."""

        def found():
            return [span for span in self.spans if span.trace == trace]

        with self._news:
            arrived = self._news.wait_for(
                lambda: any(span.kind == "server" for span in found()), timeout=ARRIVES_WITHIN_S
            )
            assert arrived, f"nothing of {trace} among {self.spans}"
            return {span.name: span for span in found()}

    def close(self):
        self._server.shutdown()
        self._server.server_close()
