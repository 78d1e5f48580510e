"""A teacher on a server that speaks OpenAI's chat completions, in the cloud or on this machine."""

import base64
import io
import json
import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from skllm.reason.questions import FRAME
from skllm.train.teachers.connection import connect
from skllm.train.teachers.records import Asked, NoAnswer, Teacher, fault, pixels
from skllm.train.teachers.secret import Secret

_TRIES = 3                                     # answers that are paid for, where they are no rationale
_PASSING = (408, 409, 429, *range(500, 600))   # and 0, no reply at all: asked again after a pause
_LONGEST_PAUSE, _LONGEST_WISH = 30.0, 120.0    # seconds: our own, and what a server's Retry-After may ask for
_REFUSALS = {
    401: "refuses the key; set {key_env} to a key of that server",
    402: "asks to be paid; top up the account and start again, what has come is kept",
    403: "does not let this key use {model!r}; set {key_env} to one that may, or name another model",
    404: "knows no model {model!r} or nothing at this address; check model and base_url",
}


@dataclass(frozen=True)
class _Reply:
    """What came back. status: 0 where nothing did; body: the answer, or why there is none; wish: seconds that the server wants to be left alone."""

    status: int
    body: bytes
    wish: float | None = None


class ServerTeacher(Teacher):
    """A model on an OpenAI-compatible server, asked with the frames as PNG and the question of `questions.teach`.

    key_env: the environment variable with the key; a server on this machine needs none. The key goes to base_url and nowhere else.
    timeout: seconds for one request; retries: further requests after lost connections, timeouts and passing errors, with pauses that double
    from first_pause or that the server names. An answer that is no rationale is asked for twice more.
    """

    parallel = True

    def __init__(
        self, model: str, base_url: str = "https://api.openai.com/v1", key_env: str = "OPENAI_API_KEY", timeout: float | int = 120,
        retries: int = 6, max_tokens: int = 512, temperature: float | int = 0.2, first_pause: float | int = 0.5,
    ):
        self.host, self.key_env, self.retries, self.first_pause = _host(base_url), key_env, retries, first_pause
        if not model or timeout <= 0 or retries < 0:
            raise ValueError(f"a teacher needs a model, seconds to answer in, and retries from 0; got {model!r}, {timeout} and {retries}")
        self.name, self.timeout, self._options = model, timeout, {"model": model, "max_tokens": max_tokens, "temperature": temperature}
        self.settings = json.dumps({"base_url": base_url.rstrip("/"), "frame": FRAME, **self._options})
        self._secret = _secret(self.host, key_env)
        self._client = connect(base_url, self._secret, timeout)
        self._secret.guard_logs()

    def __repr__(self) -> str:
        return f"ServerTeacher({self.name!r} at {self.host})"

    def answer(self, asked: Asked) -> str:
        """The rationale, or after `_TRIES` the last text that was none. Raises ConnectionError where no clip would fare better."""
        said, why = "", ""
        for _ in range(_TRIES):
            text = self._text(self._reply(asked))
            why = fault(text, asked.fitting) if text else "no text in the reply that may be kept"
            if why is None:
                return text
            said = text or said
        if not said:
            raise NoAnswer(f"{self.host} answered {_TRIES} times, never with a rationale ({why}); try another model")
        return said

    def _reply(self, asked: Asked) -> _Reply:
        """A reply with status 200."""
        messages = _messages(asked)
        for n in range(self.retries + 1):
            reply = self._post(messages)
            if reply.status == 200:
                return reply
            self._stop_where_hopeless(reply)
            if reply.status not in (0, *_PASSING):
                break
            if n < self.retries:
                time.sleep(min(reply.wish, _LONGEST_WISH) if reply.wish else min(self.first_pause * 2**n, _LONGEST_PAUSE))
        raise NoAnswer(f"{self.host} gave no answer in {n + 1} requests ({self._shown(reply)}); see to the server and start again")

    def _post(self, messages: list[dict]) -> _Reply:
        """One request. Nothing is raised here, since the library's errors carry what the server said."""
        import openai

        try:
            raw = self._client.chat.completions.with_raw_response.create(messages=messages, **self._options)
        except openai.APIStatusError as refused:
            return _Reply(refused.status_code, refused.response.content, _seconds(refused.response.headers.get("retry-after")))
        except openai.APITimeoutError:
            return _Reply(0, f"no answer within {self.timeout:g} s".encode())
        except openai.APIConnectionError:
            return _Reply(0, b"no connection")
        return _Reply(raw.http_response.status_code, raw.http_response.content)

    def _stop_where_hopeless(self, reply: _Reply) -> None:
        if reply.status in _REFUSALS:
            raise ConnectionError(f"{self.host} {_REFUSALS[reply.status].format(key_env=self.key_env, model=self.name)} (HTTP {reply.status})")
        if 300 <= reply.status < 400:
            raise ConnectionError(f"{self.host} sends requests elsewhere (HTTP {reply.status}); name the address itself as base_url")

    def _text(self, reply: _Reply) -> str:
        """What the model said; "" where the reply holds no text, or holds the key, which must not be kept."""
        try:
            text = json.loads(reply.body)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            return ""
        return text.strip() if isinstance(text, str) and not self._secret.within(text) else ""

    def _shown(self, reply: _Reply) -> str:
        """The server's words in one short line, unless they hold the key."""
        words = reply.body.decode(errors="replace")
        try:
            words = json.loads(words)["error"]["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        line = " ".join("".join(c if c.isprintable() else " " for c in str(words)).split())
        line = "its words are withheld, they hold the key" if self._secret.within(str(words)) or self._secret.within(line) else line[:160]
        return f"HTTP {reply.status}: {line}" if reply.status else line


def _host(base_url: str) -> str:
    """The server's name. Raises ValueError for what is no plain address, without repeating it: it may hold a password."""
    try:
        parts = urlsplit(base_url)
        plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        plain = False
    if not plain:
        raise ValueError("base_url is no plain address such as https://api.openai.com/v1; leave out names, passwords and what follows a '?'")
    return parts.hostname


def _secret(host: str, key_env: str) -> Secret:
    """The key from the environment; a server on this machine may do without."""
    key = os.environ.get(key_env, "").strip()
    if not key and host != "localhost" and not host.startswith("127.") and host != "::1":
        raise ValueError(f"{host} wants a key and {key_env} is empty; put the key into that environment variable, or name another as key_env")
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"{key_env} holds characters that no key has, such as line ends; put the key into it and nothing else")
    return Secret(key or "none")


def _messages(asked: Asked) -> list[dict]:
    system, question = asked.words
    parts = []
    for n, picture in enumerate(() if asked.pictures is None else pixels(asked.pictures), 1):
        parts += [{"type": "text", "text": FRAME.format(n=n).strip()}, {"type": "image_url", "image_url": {"url": _png(picture)}}]
    return [{"role": "system", "content": system}, {"role": "user", "content": [*parts, {"type": "text", "text": question}]}]


def _png(picture: UInt8[Tensor, "H W 3"]) -> str:
    """The picture as a data URL."""
    file = io.BytesIO()
    Image.fromarray(picture.numpy()).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _seconds(header: str | None) -> float | None:
    """A Retry-After in seconds; None where it is absent or a date."""
    try:
        wish = float(header or "")
    except ValueError:
        return None
    return wish if 0 < wish < float("inf") else None
