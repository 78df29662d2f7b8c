"""The web server as one task among the others: its socket is opened first, so that a taken port is a clear error."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from bems.errors import StartError

GRACE_S = 1
"""Wall time open streams get to end."""


class WebServer(uvicorn.Server):
    """uvicorn without its signal handlers: the process has one place that decides when it ends."""

    def __init__(self, app: FastAPI, port: int, host: str = "127.0.0.1") -> None:
        """StartError when the port is taken."""
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S, lifespan="off"
            )
        )
        try:
            self._socket = socket.create_server((host, port))
        except OSError as error:
            raise StartError(
                f"port {port} on {host} cannot be opened ({error.strerror}): choose another one (--port, PORT=...)"
            ) from error
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def run_until_told(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._socket])
