"""A line of text on loopback makes something go wrong, for tests and for whoever accepts an installation.

    list                 the connections and whether they listen
    stop CONNECTION      its server goes away, as a device that has lost its power
    start CONNECTION     and comes back
    fault NAME [VALUE]   sets a fault of the plant (hil_sim/faults.py) to a value, 1 when left out
    clear NAME           and takes it away

Each line is answered with one line that begins with 'ok' or 'error'. Try it with `nc 127.0.0.1 PORT`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from hil_sim.runner import FieldServer

SetFault = Callable[[str, float | None], None]
"""Sets a fault (None clears it); KeyError names the faults there are."""

ARGUMENTS: Final = {"list": (0, 0), "stop": (1, 1), "start": (1, 1), "fault": (1, 2), "clear": (1, 1)}


class ControlPort:
    """Listens on loopback only."""

    def __init__(self, servers: Mapping[str, FieldServer], set_fault: SetFault) -> None:
        self._servers = servers
        self._set_fault = set_fault
        self._stopped: set[str] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Open `port` (0: any) and return the one that was opened; OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Close it."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write((await self.answer(line.decode(errors="replace")) + "\n").encode())
            await writer.drain()
        writer.close()

    async def answer(self, line: str) -> str:
        """Do what the line says; the answer to it."""
        verb, *words = line.split() or [""]
        fewest, most = ARGUMENTS.get(verb, (0, -1))
        if not fewest <= len(words) <= most:
            known = "list, stop CONNECTION, start CONNECTION, fault NAME [VALUE], clear NAME"
            return f"error: '{line.strip()}' is none of {known}"
        if verb == "list":
            return "ok " + " ".join(f"{key}={'stopped' if key in self._stopped else 'up'}" for key in self._servers)
        try:
            if verb in ("stop", "start"):
                await self._switch(verb, words[0])
            else:
                self._set_fault(words[0], None if verb == "clear" else float(words[1]) if len(words) > 1 else 1.0)
        except (KeyError, ValueError) as error:
            return f"error: {error.args[0]}"
        return f"ok {line.strip()}"

    async def _switch(self, verb: str, key: str) -> None:
        if key not in self._servers:
            raise KeyError(f"no connection '{key}'; there are: {', '.join(self._servers)}")
        if verb == "stop" and key not in self._stopped:
            self._stopped.add(key)
            await self._servers[key].stop()
        elif verb == "start" and key in self._stopped:
            await self._servers[key].start()
            self._stopped.discard(key)
