"""Work in a process of its own: answers, failures, crashes, hangs, and that it leaves nothing behind."""

import asyncio
import math
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bems.worker import Worker, WorkLost

PATIENCE_S = 30.0


@asynccontextmanager
async def worker():
    made = Worker("test")
    try:
        yield made
    finally:
        await made.end()


async def test_it_answers_and_keeps_its_process():
    async with worker() as of:
        assert of.pid is None
        assert await of.call(math.hypot, 3.0, 4.0, timeout_s=PATIENCE_S) == 5.0
        pid = of.pid
        assert await of.call(os.getpid, timeout_s=PATIENCE_S) == pid != os.getpid()


async def test_what_the_work_prints_does_not_get_among_the_answers():
    async with worker() as of:
        assert await of.call(os.write, 1, b"Running HiGHS", timeout_s=PATIENCE_S) == 13
        assert await of.call(math.sqrt, 9.0, timeout_s=PATIENCE_S) == 3.0


async def test_an_exception_is_a_loss_with_its_words_and_the_process_goes_on():
    async with worker() as of:
        with pytest.raises(WorkLost, match=r"it failed: ValueError: .+"):
            await of.call(math.sqrt, -1.0, timeout_s=PATIENCE_S)
        pid = of.pid
        assert await of.call(os.getpid, timeout_s=PATIENCE_S) == pid


async def test_a_crash_is_a_loss_and_the_next_call_has_a_new_process():
    async with worker() as of:
        with pytest.raises(WorkLost, match="its process died"):
            await of.call(os.abort, timeout_s=PATIENCE_S)
        assert of.pid is None
        assert await of.call(math.sqrt, 9.0, timeout_s=PATIENCE_S) == 3.0


async def test_a_process_that_died_while_it_was_idle_is_not_missed():
    async with worker() as of:
        pid = await of.call(os.getpid, timeout_s=PATIENCE_S)
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.3)
        assert await of.call(math.sqrt, 9.0, timeout_s=PATIENCE_S) == 3.0
        assert of.pid != pid


async def test_a_process_killed_while_it_works_is_a_loss():
    async with worker() as of:
        pid = await of.call(os.getpid, timeout_s=PATIENCE_S)
        asked = asyncio.create_task(of.call(time.sleep, 60, timeout_s=PATIENCE_S))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkLost, match="its process died"):
            await asked


def lives(pid):
    return Path(f"/proc/{pid}").exists()


async def test_a_hang_ends_with_its_time():
    async with worker() as of:
        pid = await of.call(os.getpid, timeout_s=PATIENCE_S)
        begun = time.monotonic()
        with pytest.raises(WorkLost, match=r"no answer within 0\.3 s"):
            await of.call(time.sleep, 60, timeout_s=0.3)
        assert time.monotonic() - begun < 5
        assert not lives(pid)


async def test_a_call_that_is_cancelled_ends_its_process():
    async with worker() as of:
        pid = await of.call(os.getpid, timeout_s=PATIENCE_S)
        asked = asyncio.create_task(of.call(time.sleep, 60, timeout_s=PATIENCE_S))
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert not lives(pid)


async def test_it_ends_when_the_one_who_started_it_is_gone():
    code = (
        "import asyncio, os\nfrom bems.worker import Worker\n"
        "async def main():\n"
        "    print(await Worker('orphan').call(os.getpid, timeout_s=30), flush=True)\n"
        "    os._exit(1)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    said, _ = await parent.communicate()
    end = time.monotonic() + 10
    while lives(int(said)):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
