"""A process that ends cleanly, whatever ends it."""

import asyncio
import logging
import os
import signal

import pytest

from bems.errors import StartError
from bems.process import run_until_signal


@pytest.fixture(autouse=True)
def _own_logging(monkeypatch):
    """Setting up the root logger is the process's business, not that of the other tests."""
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_stop_and_the_end_is_no_failure(name):
    told = []

    async def main(stop):
        os.kill(os.getpid(), name)
        await asyncio.wait_for(stop.wait(), 5)
        told.append("ended in order")

    assert run_until_signal(main) == 0
    assert told == ["ended in order"]


def test_what_keeps_it_from_starting_is_one_line_and_exit_code_one(capsys):
    async def main(stop):
        raise StartError("port 8080 is taken")

    assert run_until_signal(main) == 1
    assert capsys.readouterr().err == "bems: port 8080 is taken\n"


def test_the_reason_is_found_in_a_group_of_tasks_too(capsys):
    async def fail():
        raise StartError("mosquitto is missing")

    async def main(stop):
        async with asyncio.TaskGroup() as outer, asyncio.TaskGroup() as inner:
            inner.create_task(fail())
            outer.create_task(asyncio.sleep(60))

    assert run_until_signal(main) == 1
    assert capsys.readouterr().err == "bems: mosquitto is missing\n"


def test_a_bug_is_not_dressed_up_as_a_reason():
    async def main(stop):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_until_signal(main)
