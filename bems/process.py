"""A process that ends cleanly: logging as people read it, and signals turned into one `stop` event."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator

from bems.errors import StartError

FAILED = 1


def run_until_signal(main: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> int:
    """Run `main(stop)`; SIGINT and SIGTERM set `stop`. Exit code 0, or 1 with the reason when it could not start."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for chatty in ("httpx", "mqtt"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

    async def supervised() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        await main(stop)

    failures: list[StartError] = []
    try:
        asyncio.run(supervised())
    except* StartError as group:
        failures = [error for error in _leaves(group) if isinstance(error, StartError)]
    for failure in failures:
        complain(f"bems: {failure}")
    return FAILED if failures else 0


def _leaves(group: BaseExceptionGroup[StartError]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def say(text: str) -> None:
    """A line of progress, or of an answer."""
    print(text, flush=True)  # noqa: T201  # this is the one place that does


def complain(text: str) -> None:
    """A line about what went wrong, and what to do next."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
