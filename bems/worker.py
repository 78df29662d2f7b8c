"""Heavy work in a process of its own: it cannot hold the loop up, and neither a crash nor a hang of it ends control.

The child runs one function at a time, sent by name with its arguments. It is started when it is first needed, and again
after it was lost. Libraries there may print what they like; it goes nowhere.
"""

import asyncio
import contextlib
import os
import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final, TypeVar

T = TypeVar("T")

LENGTH: Final = struct.Struct(">Q")
NICENESS: Final = 10
"""The loop goes first."""
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A small machine also has other things to do."""


class WorkLost(Exception):
    """There is no answer: the work failed, took too long, or its process died. The text says which."""


class Worker:
    """One child process. `call` may be cancelled; the child then ends, too."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._child: asyncio.subprocess.Process | None = None
        self._free = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Of the child while there is one."""
        return self._child.pid if self._child is not None else None

    async def call(self, function: Callable[..., T], *arguments: Any, timeout_s: float) -> T:
        """What the function of a module returns for these arguments; WorkLost when nothing comes of it.

        `timeout_s` is wall time, the start of the child and waiting for its other work included.
        """
        try:
            async with asyncio.timeout(timeout_s), self._free:
                return await self._asked(function, arguments)
        except TimeoutError as error:
            raise WorkLost(f"no answer within {timeout_s:g} s") from error

    async def _asked(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        request = pickle.dumps((function, arguments))
        done = False
        try:
            if self._child is None or self._child.returncode is not None:
                self._child = await _started()
            child = self._child
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(LENGTH.pack(len(request)) + request)
            await child.stdin.drain()
            (size,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
            fine, answer = pickle.loads(await child.stdout.readexactly(size))  # noqa: S301  # our own process
            done = True
        except (OSError, EOFError) as error:
            await self.end()
            raise WorkLost("its process died") from error
        finally:
            if not done:
                await self.end()
        if not fine:
            raise WorkLost(f"it failed: {answer}")
        result: T = answer
        return result

    async def end(self) -> None:
        """End the child at once; the next call starts another one."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _started() -> asyncio.subprocess.Process:
    # In a session of its own, Ctrl-C is for the one who looks after it. It ends with us: its input then ends.
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bems.worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        start_new_session=True, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip


def main() -> None:
    """The child: answer until the input ends."""
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a file descriptor is wanted
        os.dup2(nowhere.fileno(), 1)
    while (request := _read(sys.stdin.buffer)) is not None:
        answer = _answer(request)
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


def _answer(request: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(request)  # noqa: S301  # from the process that started us
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever asked is told
        return pickle.dumps((False, f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    main()
