"""What the README tells people to type works. `make test` is left out: it is what runs this."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"make test"}
READY_WITHIN_S = 180
ENDED_WITHIN_S = 10


def commands() -> list[str]:
    """The lines of the README's shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and line not in LEFT_OUT]


def surroundings() -> dict[str, str]:
    """The environment of a person's shell, not that of the make this test may run under."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, as a terminal does; whatever happens, nothing of it survives."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            shlex.split(command),
            cwd=ROOT,
            env=surroundings(),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_page(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended by itself:\n{log.read_text()}"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/", timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    pytest.fail(f"no page within {READY_WITHIN_S} s:\n{log.read_text()}")


def test_the_readme_shows_the_two_commands():
    blocks = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in commands()
    assert "```sh\nmake test\n```" in blocks


@pytest.mark.system
@pytest.mark.timeout(READY_WITHIN_S + 60)
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_does_what_it_says(command, tmp_path):
    log = tmp_path / "output.txt"
    if not command.startswith("make demo"):
        with started(command, log) as process:
            assert process.wait(timeout=READY_WITHIN_S) == 0, log.read_text()
        return
    port = free_port()
    with started(f"{command} PORT={port}", log) as process:
        wait_for_page(port, process, log)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=ENDED_WITHIN_S)
    told = log.read_text()
    assert "Traceback" not in told, told
    assert "make: ***" not in told, told
