"""Serve the pages over the made-up site, for work on them without a plant: `python -m tests.dashboards.serve_fake`."""

import argparse
import asyncio
import contextlib
import threading

import uvicorn

from dashboards.access import ANONYMOUS, Role, Viewer, guest
from dashboards.app import create_app
from dashboards.ports.people import People
from tests.dashboards.fake import FakeView

TICK_S = 1.0


class Running:
    """A server on a thread of its own, which can be ended and started again on the same port."""

    def __init__(
        self,
        view: FakeView,
        port: int = 0,
        tick_s: float = TICK_S,
        guest: Viewer = ANONYMOUS,
        people: People | None = None,
    ) -> None:
        self.view = view
        self.guest = guest
        self.people = people
        self.port = port
        self._tick_s = tick_s
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Serve; returns the address."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="pages", daemon=True)
        self._thread.start()
        if not ready.wait(20):
            raise RuntimeError("the pages did not start")
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End at once, open streams included."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        self.view.begin()
        config = uvicorn.Config(
            create_app(self.view, self.guest, people=self.people),
            port=self.port,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        with contextlib.closing(config.bind_socket()) as socket:
            self.port = socket.getsockname()[1]
            serving = asyncio.create_task(self._server.serve(sockets=[socket]))
            while not self._server.started:  # noqa: ASYNC110  (uvicorn offers no event)
                await asyncio.sleep(0.01)
            ready.set()
            while not serving.done():
                await self.view.tick()
                await asyncio.wait({serving}, timeout=self._tick_s)
            await serving


def main() -> None:
    """Until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--trouble", action="store_true", help="show one of everything that can be wrong")
    parser.add_argument("--role", type=Role, default=Role.VIEWER, help="of who looks")
    arguments = parser.parse_args()
    running = Running(FakeView(trouble=arguments.trouble), arguments.port, guest=guest(arguments.role))
    print(running.start(), flush=True)  # noqa: T201
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    running.stop()


if __name__ == "__main__":
    main()
