"""An MQTT broker for the demo and the tests: mosquitto as a child process, on loopback, keeping nothing on disk.

There is no second choice written in Python: amqtt (0.12) gives retained messages to subscribers of other topics and
repeats those of a durable session, mqttools knows no confirmed delivery, hbmqtt is given up.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Final

_START_S: Final = 5.0
_STOP_S: Final = 3.0
_LOOK_EVERY_S: Final = 0.02


class BrokerMissing(RuntimeError):
    """There is no mosquitto on this machine; the text says how to get it."""


def find_mosquitto() -> str | None:
    """Where mosquitto is; Debian puts it where only root looks."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


class Broker:
    """One mosquitto, anonymous and on 127.0.0.1 only. What it retains dies with it."""

    def __init__(self, port: int, find: Callable[[], str | None] = find_mosquitto) -> None:
        self.port = port
        self._find = find
        self._process: Process | None = None
        self._guard: Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises BrokerMissing, or OSError with its own words when it gives up."""
        program = self._find()
        if program is None:
            raise BrokerMissing("no MQTT broker on this machine: apt install mosquitto")
        _refuse_taken_port(self.port)
        with tempfile.TemporaryDirectory(prefix="bems-broker-") as folder:
            # Started as root it becomes the user 'mosquitto', but only after it has read this.
            config = Path(folder) / "mosquitto.conf"
            config.write_text(
                f"listener {self.port} 127.0.0.1\n"
                "allow_anonymous true\n"
                "persistence false\n"
                "log_dest stderr\n"
                "log_type error\n",
                "utf-8",
            )
            with tempfile.TemporaryFile() as said:
                self._process = await asyncio.create_subprocess_exec(
                    program,
                    "-c",
                    str(config),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    stderr=said,
                    start_new_session=True,  # Ctrl-C is for us: devices still want to say goodbye
                )
                # Its pipe closes however we end, kill -9 included; mosquitto must not outlive us.
                self._guard = await asyncio.create_subprocess_exec(
                    "sh", "-c", 'read -r _; kill "$0"', str(self._process.pid), stdin=PIPE, start_new_session=True
                )
                if not await self._answers(self._process):
                    await self.stop()
                    said.seek(0)
                    words = said.read().decode(errors="replace").strip() or f"no answer within {_START_S:g} s"
                    raise OSError(f"mosquitto on port {self.port}: {words}")

    async def stop(self) -> None:
        """End it; harmless when it has ended."""
        process, self._process = self._process, None
        guard, self._guard = self._guard, None
        if process is None:
            return
        if guard is not None:  # first, so that it cannot hit whoever gets the number next
            with contextlib.suppress(ProcessLookupError):
                guard.kill()
            await guard.wait()
        if process.returncode is None:
            # Not process.terminate(): it would collect a child that has just ended, and asyncio then misses it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _answers(self, process: Process) -> bool:
        """False when it ends, or is silent for too long."""
        end = asyncio.get_running_loop().time() + _START_S
        while process.returncode is None and asyncio.get_running_loop().time() < end:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False


def _refuse_taken_port(port: int) -> None:
    """Somebody else who answers there would be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port at rest after its last use is free
        probe.bind(("127.0.0.1", port))
