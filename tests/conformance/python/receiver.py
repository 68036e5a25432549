"""A subscriber over HTTP: a server that keeps what it was sent, and answers as it is told."""

import http.server
import json
import threading
import urllib.request

WITHIN_S = 60


class Post:
    """A request, with its headers by their names in lower case."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body.decode()

    @property
    def kind(self):
        return self.headers.get("x-amz-sns-message-type")

    def json(self):
        return json.loads(self.body)


class Receiver:
    """Answers 200, or as `answer` says of a request: a status, or a status and headers."""

    def __init__(self, answer=lambda post: 200):
        self.answer = answer
        self.posts = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = receiver._take(Post(self.path, self.headers, body))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/inbox"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, post):
        with self._changed:
            self.posts.append(post)
            self._changed.notify_all()
        answer = self.answer(post)
        return answer if isinstance(answer, tuple) else (answer, {})

    def wait_for(self, condition, within_s=WITHIN_S):
        """What `condition` makes of the requests so far, once that is true."""
        with self._changed:
            found = self._changed.wait_for(lambda: condition(self.posts), timeout=within_s)
        assert found, f"the receiver got only {[(post.kind, post.body[:80]) for post in self.posts]}"
        return found

    def has(self, number, within_s, kind="Notification"):
        """Whether so many requests of that kind come within a time."""
        with self._changed:
            come = lambda: sum(post.kind == kind for post in self.posts) >= number
            return self._changed.wait_for(come, timeout=within_s)

    def first(self, kind="Notification"):
        return self.wait_for(lambda posts: [post for post in posts if post.kind == kind])[0]

    def count(self, number, kind="Notification"):
        """Waits until so many requests of that kind have come."""
        return self.wait_for(lambda posts: [post for post in posts if post.kind == kind][number - 1:])

    def confirm(self):
        """Visits the link of the confirmation that comes."""
        with urllib.request.urlopen(self.first("SubscriptionConfirmation").json()["SubscribeURL"]) as answer:
            assert answer.status == 200

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
