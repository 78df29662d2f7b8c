"""The web server as one task among the others: its socket is opened first, so that a taken port is a clear error."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from bems.errors import StartError

GRACE_S = 1
"""Wall time open streams get to end."""


def open_port(port: int) -> socket.socket:
    """Take the page's port on loopback, before anything else is started; StartError when somebody has it."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise StartError(f"port {port} cannot be opened ({error}): choose another one (--port, PORT=...)") from error


def address_of(listening: socket.socket) -> str:
    """Where the page is."""
    host, port = listening.getsockname()
    return f"http://{host}:{port}"


class WebServer(uvicorn.Server):
    """uvicorn without its signal handlers: the process has one place that decides when it ends."""

    def __init__(self, app: FastAPI, listening: socket.socket) -> None:
        """`listening` comes from `open_port`."""
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
                lifespan="off",
                server_header=False,
                proxy_headers=True,
                forwarded_allow_ips="127.0.0.1",  # only a proxy on this machine may say whom it speaks for
            )
        )
        self._socket = listening
        self.url = address_of(listening)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def run_until_told(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._socket])
