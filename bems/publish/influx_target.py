"""The one place that talks to InfluxDB's write interface: lines in, and for every answer what is to be done about it.

Answers and what follows: 2xx done; 400 and 422 some lines are refused, they are found by halving and told with the
reason (InfluxDB has stored the others already, and stores them again: same series and time, so nothing doubles); 413
smaller batches; 408, 429, 5xx and no answer at all: later, after what the server asks for; all else (401, 403, 404,
a redirection, a certificate that is not trusted): a person has to see to it, nothing is given up.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from bems.publish.lines import Line, probe
from models.targets import Influx

MOST_LINES: Final = 5000
MOST_REFUSED: Final = 64
"""A target that refuses more lines of one batch has a fault of its own (a field of another type, a retention of its
own): then all wait for a person."""
LONGEST_WAIT_S: Final = 3600.0
_LATER: Final = frozenset({408, 425, 429})
_LINES: Final = frozenset({400, 422})


def client(config: Influx, token: str | None) -> Any:
    """The library's client; it repeats nothing by itself, and follows no redirection."""
    options: dict[str, Any] = {"ssl_ca_cert": config.ca_file} if config.ca_file is not None else {}
    timeout_ms = round(1000 * config.timeout_s)
    return InfluxDBClient(config.url, token or "", enable_gzip=True, timeout=timeout_ms, org=config.org, **options)


class Away(Exception):
    """The target takes nothing now. `wait_s` is what it asks for, None when it says nothing."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Refused(Exception):
    """The target will take nothing until a person has seen to it; the text says what it answers."""


class _BadLines(Exception):
    pass


class _TooLarge(Exception):
    pass


class InfluxTarget:
    """Blocking, for one caller at a time; but `close` may come from another thread, and ends a delivery."""

    def __init__(self, config: Influx, token: str | None, site: str, most_lines: int = MOST_LINES) -> None:
        self._site = site
        self._bucket = config.bucket
        self._most = most_lines
        self._closing = False
        self._client = client(config, token)
        self._write_api: Any = self._client.write_api(write_options=SYNCHRONOUS)

    def deliver(self, lines: Sequence[Line]) -> list[tuple[Line, str]]:
        """Write the lines in their order; returns those that the target will never take, each with its reason.

        Away or Refused when not all could be written; some of them may have been.
        """
        refused: list[tuple[Line, str]] = []
        begin = 0
        while begin < len(lines):
            part = lines[begin : begin + self._most]
            try:
                self._write([line.text for line in part])
            except _TooLarge as error:
                if len(part) == 1:
                    raise Refused(f"a single line is too large for it: {error}") from error
                self._most = len(part) // 2
                continue
            except _BadLines as error:
                self._probe(error)
                refused += self._sifted(part, str(error), MOST_REFUSED - len(refused))
            begin += len(part)
        return refused

    def close(self) -> None:
        """No further request is begun."""
        self._closing = True
        self._client.close()

    def _sifted(self, lines: Sequence[Line], reason: str, most: int) -> list[tuple[Line, str]]:
        """The refused lines among some that were refused together."""
        if len(lines) == 1:
            if most < 1:
                raise Refused(f"refuses more than {MOST_REFUSED} samples of a batch, for instance: {reason}")
            return [(lines[0], reason)]
        middle = len(lines) // 2
        refused: list[tuple[Line, str]] = []
        for half in (lines[:middle], lines[middle:]):
            try:
                self._write([line.text for line in half])
            except _BadLines as error:
                refused += self._sifted(half, str(error), most - len(refused))
            except _TooLarge as error:
                raise Refused(f"is too large for it, but the whole was not: {error}") from error
        return refused

    def _probe(self, cause: _BadLines) -> None:
        """A request that is refused for what is in it must not be taken for bad lines."""
        try:
            self._write([probe(self._site, datetime.now(UTC))])
        except _BadLines:
            raise Refused(f"refuses everything: {cause}") from cause

    def _write(self, texts: Sequence[str]) -> None:
        if self._closing:
            raise Away("is being closed")
        try:
            self._write_api.write(bucket=self._bucket, record="\n".join(texts), write_precision="ms")
        except ApiException as error:
            _raise(error)
        except UnicodeDecodeError as error:
            raise Away("gives an answer that is no text") from error
        except urllib3.exceptions.HTTPError as error:
            raise Away(f"gives no answer ({_short(error)})") from error


def _raise(error: ApiException) -> NoReturn:
    status, text = error.status or 0, told(error)
    if status in _LINES:
        raise _BadLines(text) from error
    if status == 413:
        raise _TooLarge(text) from error
    if status in _LATER or status >= 500:
        raise Away(text, _retry_after_s(error)) from error
    raise Refused(text) from error


def told(error: ApiException) -> str:
    """The answer in one line, for people: the status, and the message out of its JSON, if it is one."""
    body = error.body if isinstance(error.body, str) else ""
    told = re.search(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.)*)"', body)
    words = (told[1].replace('\\"', '"') if told else body) or str(error.reason or "")
    return f"answers {error.status}: {' '.join(words.split())[:200]}" if error.status else " ".join(words.split())[:200]


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).split(': ', 1)[-1]}"[:200]


def _retry_after_s(error: ApiException) -> float | None:
    """What the header asks for, in seconds or as a date, within an hour; None when it is not there or not readable."""
    headers = {str(key).lower(): value for key, value in dict(error.headers or {}).items()}
    asked = headers.get("retry-after")
    if asked is None:
        return None
    try:
        if asked.isdecimal():
            return min(float(asked), LONGEST_WAIT_S)
        wait_s = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)
