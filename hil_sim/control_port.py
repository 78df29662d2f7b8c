"""A line of text on loopback makes something go wrong, for tests and for whoever accepts an installation.

    list               what can be stopped, and whether it runs
    stop CONNECTION    its server goes away, as a device that has lost its power
    start CONNECTION   and comes back
    fail ASSET         a machine, a pump or a heater of the plant breaks
    repair ASSET       and is mended

Each line is answered with one line that begins with 'ok' or 'error'. Try it with `nc 127.0.0.1 PORT`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

Fail = Callable[[str, bool], None]
"""Breaks an asset of the plant, or mends it; KeyError names those that can fail."""

ARGUMENTS: Final = {"list": 0, "stop": 1, "start": 1, "fail": 1, "repair": 1}


class Switchable(Protocol):
    """Something that can be away for a while: a server, the broker."""

    async def start(self) -> None:
        """Be there; OSError when it cannot."""
        ...

    async def stop(self) -> None:
        """Be gone."""
        ...


class ControlPort:
    """Listens on loopback only."""

    def __init__(self, servers: Mapping[str, Switchable], fail: Fail) -> None:
        self._servers = servers
        self._fail = fail
        self._stopped: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.StreamWriter] = set()

    async def start(self, port: int) -> int:
        """Open `port` (0: any) and return the one that was opened; OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Close it, and whoever is connected."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._talking):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking.add(writer)
        try:
            with contextlib.suppress(ConnectionError, ValueError):  # they went away, or sent a line without end
                while line := await reader.readline():
                    async with self._one_at_a_time:
                        answer = await self.answer(line.decode(errors="replace"))
                    writer.write(f"{answer}\n".encode())
                    await writer.drain()
        finally:
            self._talking.discard(writer)
            writer.close()

    async def answer(self, line: str) -> str:
        """Do what the line says; the answer to it."""
        verb, *words = line.split() or [""]
        if ARGUMENTS.get(verb) != len(words):
            return (
                f"error: '{line.strip()}' is none of list, stop CONNECTION, start CONNECTION, fail ASSET, repair ASSET"
            )
        if verb == "list":
            return "ok " + " ".join(f"{key}={'stopped' if key in self._stopped else 'up'}" for key in self._servers)
        try:
            if verb in ("fail", "repair"):
                self._fail(words[0], verb == "fail")
            else:
                await self._switch(words[0], up=verb == "start")
        except KeyError as error:
            return f"error: {error.args[0]}"
        except OSError as error:
            return f"error: {error}"
        return f"ok {line.strip()}"

    async def _switch(self, key: str, *, up: bool) -> None:
        if key not in self._servers:
            raise KeyError(f"no connection '{key}'; there are: {', '.join(self._servers)}")
        if up and key in self._stopped:
            await self._servers[key].start()
            self._stopped.discard(key)
        elif not up and key not in self._stopped:
            self._stopped.add(key)
            await self._servers[key].stop()
