"""A server on this machine that answers chat completions well or badly, and counts how."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """What the server does with a request. delay: seconds before it; pieces: parts of the body, each a pause after the other."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hang_up: bool = False
    trickle: float = 0.0
    phrase: str | None = None


def say(text, **options) -> Reply:
    """A completion with that text."""
    return Reply(body=json.dumps({"id": "1", "object": "chat.completion", "choices": [{"message": {"content": text}}]}).encode(), **options)


def question_of(body: dict) -> str:
    """The text that is asked last."""
    return body["messages"][-1]["content"][-1]["text"]


def good(n: int, body: dict) -> Reply:
    """A rationale for the label that the question asks for."""
    label = question_of(body).rsplit("Label: ", 1)[1]
    return say(f"Summary: an arm moves.\nConclusion: that is {label}.\nLabel: {label}")


class FakeServer(ThreadingHTTPServer):
    """`reply(n, body)` decides what the n-th request (from 0) gets; `bodies`, `headers` and `times` are what came, `most` how many at once."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, reply: Callable[[int, dict], Reply] = good):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.bodies, self.headers, self.times = reply, [], [], []
        self.now = self.most = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        """What a client takes for base_url."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address) -> None:
        """Clients that go away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            n = len(server.bodies)
            server.bodies.append(body)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.times.append(time.monotonic())
            server.now += 1
            server.most = max(server.most, server.now)
        reply = server.reply(n, body)
        time.sleep(reply.delay)
        with server.lock:
            server.now -= 1
        if reply.hang_up:
            self.close_connection = True
            return
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status, reply.phrase)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not reply.trickle:
            self.wfile.write(reply.body)
        for n in range(len(reply.body) if reply.trickle else 0):
            self.wfile.write(reply.body[n : n + 1])
            self.wfile.flush()
            time.sleep(reply.trickle)

    def log_message(self, *_) -> None:
        """Silent."""
