"""Debian's influxd 1.6.7 for tests: own configuration, own folder, free loopback ports, ended by its process id."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

INFLUXD = shutil.which("influxd")
NO_INFLUXD = "influxd (Debian package influxdb) is not installed"

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
"""


class InfluxServer:
    """What a test asks of the server: InfluxQL, and writing; with a token by the v2 path of InfluxDB 2 and 3."""

    def __init__(self, url, token=None, org=""):
        self.url = url.rstrip("/")
        self.org = org
        self.headers = {"Authorization": f"Token {token}"} if token else {}

    def query(self, text, database=None):
        """The answer to InfluxQL; its `error`, whole or of a statement, fails the test."""
        form = {"q": text, "epoch": "ms"} | ({"db": database} if database else {})
        request = urllib.request.Request(f"{self.url}/query", urllib.parse.urlencode(form).encode(), self.headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                results = json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{text}\n-> {error.code} {error.read().decode()}") from error
        for result in results:
            assert "error" not in result, f"{text}\n-> {result['error']}"
        return results

    def series(self, text, database):
        """The series of one statement."""
        (result,) = self.query(text, database)
        return result.get("series", [])

    def write(self, database, lines: Iterable[str]):
        """Lines of the line protocol with times in milliseconds; anything but 204 fails the test."""
        path = f"/api/v2/write?org={self.org}&bucket={database}" if self.headers else f"/write?db={database}"
        request = urllib.request.Request(f"{self.url}{path}&precision=ms", "\n".join(lines).encode(), self.headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 204


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def influx_server(folder: Path) -> Iterator[InfluxServer]:
    """A running server with an empty folder."""
    http, rpc = _free_port(), _free_port()
    config = folder / "influxdb.conf"
    config.write_text(CONFIG.format(folder=folder, http=http, rpc=rpc), "utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([INFLUXD, "-config", str(config)], stdout=log, stderr=log)
    server = InfluxServer(f"http://127.0.0.1:{http}")
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                server.query("SHOW DATABASES")
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, (folder / "log").read_text("utf-8", "replace")
                assert time.monotonic() < deadline, "influxd did not answer within 20 s"
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)
