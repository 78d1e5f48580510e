"""A client for OpenAI-compatible servers whose every request ends, in time and in size, and goes to no other address."""

import time

from skllm.train.teachers.secret import Secret

_LARGEST = 1 << 20       # bytes of an answer; a rationale has a few thousand
_REWRITTEN = ("content-encoding", "content-length", "transfer-encoding")


def connect(base_url: str, secret: Secret, timeout: float | int):
    """An `openai.OpenAI` that neither repeats nor follows redirects; an answer that trickles in past `timeout` is a timeout."""
    try:
        import openai
    except ImportError:
        raise ImportError("a teacher on a server needs the openai package, which is not installed; run `pip install skllm[teacher]`") from None

    class Bounded(openai.DefaultHttpxClient):
        def send(self, request, **options):
            until = time.monotonic() + timeout
            response = super().send(request, **{**options, "stream": True})
            try:
                body = _read(response, until)
            finally:
                response.close()
            if body is None:
                raise openai.APITimeoutError(request=request)
            headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _REWRITTEN]
            return type(response)(response.status_code, headers=headers, content=body, request=request)

    http = Bounded(follow_redirects=False, timeout=timeout)
    return openai.OpenAI(api_key=secret.reveal(), base_url=base_url, max_retries=0, timeout=timeout, http_client=http)


def _read(response, until: float) -> bytes | None:
    """The whole body; None where it is too late or too long. The client's own limit is one between two pieces only."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if time.monotonic() > until or len(body) > _LARGEST:
            return None
    return bytes(body)
