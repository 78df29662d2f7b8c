"""How long a stranger waits: from starting `bems demo` until every point of the site is good on the page's API."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[1]
GIVE_UP_S: Final = 180.0
LOOK_EVERY_S: Final = 0.2
END_S: Final = 15.0


def measure() -> dict[str, float]:
    port = _free_port()
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        demo = subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, "-m", "bems.cli", "demo", "--port", str(port)], cwd=ROOT, stdout=said, stderr=said
        )
        try:
            while not _all_good(port):
                if demo.poll() is not None or time.monotonic() - begun > GIVE_UP_S:
                    raise RuntimeError(f"the demo is not ready; it said:\n{_words(said)}")
                time.sleep(LOOK_EVERY_S)
            ready_s = time.monotonic() - begun
        finally:
            demo.send_signal(signal.SIGINT)
            try:
                demo.wait(END_S)
            except subprocess.TimeoutExpired:
                demo.kill()
                demo.wait()
    return {"demo_ready_s": ready_s}


def _all_good(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/points", timeout=10) as answer:
            points = json.load(answer)
    except (urllib.error.URLError, OSError):
        return False
    return bool(points) and all(point["quality"] == "good" for point in points)


def _words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    print(measure())
