"""A function that is called over HTTP, as mappings call one."""

import contextlib
import http.server
import json
import threading

CALLED_WITHIN_S = 30


class Function:
    """Listens on a free port until `close`, keeps the events that it gets, and answers as `answer` says."""

    def __init__(self):
        self.events = []
        self.headers = []
        # Takes an event, returns a status and what is answered: bytes, or what becomes JSON.
        self.answer = lambda event: (200, b"")
        self.news = threading.Condition()
        function = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with function.news:
                    function.events.append(event)
                    function.headers.append(dict(self.headers))
                    function.news.notify_all()
                status, said = function.answer(event)
                said = said if isinstance(said, bytes) else json.dumps(said).encode()
                # The caller may have given up.
                with contextlib.suppress(ConnectionError):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/2015-03-31/functions/function/invocations"

    def wait(self, is_there):
        """Waits until what was called for is there."""
        with self.news:
            assert self.news.wait_for(is_there, CALLED_WITHIN_S), self.batches()
        return self.events

    def batches(self):
        """The bodies of each event."""
        return [[record["body"] for record in event["Records"]] for event in self.events]

    def bodies(self):
        return [body for batch in self.batches() for body in batch]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
