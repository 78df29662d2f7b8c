"""Debian's victoria-metrics for tests: a server of the v2 write interface that is not ours."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VICTORIA = shutil.which("victoria-metrics")
NO_VICTORIA = "victoria-metrics (Debian package) is not installed"


class Victoria:
    """What a test asks of it."""

    def __init__(self, url):
        self.url = url

    def exported(self, metric):
        """Samples by the labels `point`: {point: [(ms, value), ...]}, everything flushed first."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).close()
        found = {}
        query = urllib.request.quote(f"{{__name__=~'{metric}'}}", safe="")
        # the times of a search end with now unless they are given
        with urllib.request.urlopen(
            f"{self.url}/api/v1/export?match[]={query}&start=0&end=9999999999", timeout=30
        ) as it:
            for line in it:
                row = json.loads(line)
                key = (row["metric"]["__name__"], row["metric"].get("point"))
                found.setdefault(key, []).extend(zip(row["timestamps"], row["values"], strict=True))
        return found


@contextmanager
def victoria_server(folder: Path, port: int = 0) -> Iterator[Victoria]:
    """A running server; the same folder and port continue an earlier one."""
    if port == 0:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
    command = [VICTORIA, f"-storageDataPath={folder / 'store'}", f"-httpListenAddr=127.0.0.1:{port}"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "-retentionPeriod=100y", "-search.latencyOffset=0s"], stdout=log, stderr=log
        )
    server = Victoria(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{server.url}/health", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, (folder / "log").read_text("utf-8", "replace")
                assert time.monotonic() < deadline, "victoria-metrics did not answer within 20 s"
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)
