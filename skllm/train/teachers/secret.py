"""A server's key: sent, and never shown."""

import logging

_TELLING = 8             # characters of a key in a row that give it away; a shorter key is a placeholder, such as EMPTY
_LOGGERS = (             # a filter sits on one logger and not on those below it, so each is named
    "openai", "openai._base_client", "openai._response", "openai._legacy_response", "httpx", "httpx2",
    *(f"{library}.{part}" for library in ("httpcore", "httpcore2") for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class Secret:
    """A key that no repr, log or message holds; `reveal` is for the one place that sends it."""

    def __init__(self, value: str):
        self._value = value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def reveal(self) -> str:
        """The key."""
        return self._value

    def within(self, text: str) -> bool:
        """Whether the text gives the key away, whole or in part."""
        return any(self._value[n : n + _TELLING] in text for n in range(len(self._value) - _TELLING + 1))

    def filter(self, record: logging.LogRecord) -> bool:
        """Empties a log record that would hold the key, as where a server sends it back in a header."""
        if self.within(record.getMessage()):
            record.msg, record.args = "(withheld: the server's words hold the key)", ()
        return True

    def guard_logs(self) -> None:
        """Puts the filter before the loggers of the libraries that talk to servers."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)
