"""Jobs in forked processes: each from the same world, in the order they need each other, failures told whole."""

import time
from itertools import pairwise

import pytest

from bems.backtest.forks import JobError, in_forks


def test_each_job_changes_only_its_own_copy_of_the_world():
    world = [0]

    def job(_):
        world[0] += 1
        return world[0]

    assert in_forks({"a": job, "b": job, "c": job}, {}) == {"a": 1, "b": 1, "c": 1}
    assert world == [0]


def test_a_job_that_needs_another_begins_with_its_result():
    jobs = {"after": lambda done: done["first"] + 1, "first": lambda _: 41}
    assert in_forks(jobs, {"after": ("first",)}) == {"after": 42, "first": 41}


def test_no_more_run_at_a_time_than_allowed():
    def times(_):
        begun = time.monotonic()
        time.sleep(0.05)
        return begun, time.monotonic()

    ran = sorted(in_forks(dict.fromkeys("abcd", times), {}, at_a_time=1).values())
    assert all(before[1] <= after[0] for before, after in pairwise(ran))


def test_a_failure_is_told_with_its_traceback_and_ends_the_others():
    def broken(_):
        raise ValueError("no such valve")

    begun = time.monotonic()
    with pytest.raises(JobError, match=r"(?s)bad:.*no such valve"):
        in_forks({"bad": broken, "slow": lambda _: time.sleep(60)}, {})
    assert time.monotonic() - begun < 10


def test_a_process_that_dies_is_told():
    with pytest.raises(JobError, match="without a word"):
        in_forks({"gone": lambda _: __import__("os")._exit(3)}, {})


def test_somebody_may_look_while_they_run():
    looks = []
    in_forks({"a": lambda _: time.sleep(0.01)}, {}, on_look=lambda: looks.append(1))
    assert looks
