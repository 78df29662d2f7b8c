"""Jobs in processes of their own, forked: each finds the world as it was at the fork, and changes only its copy."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from traceback import format_exc
from typing import Any, Final

AT_A_TIME: Final = 2
LOOK_S: Final = 0.5
"""Wall time between two looks at the progress."""

Job = Callable[[Mapping[str, Any]], Any]
"""Gets the results of the jobs that ended before it began; what it returns must pickle."""


class JobError(RuntimeError):
    """A job failed; the text is its own traceback."""


def in_forks(
    jobs: Mapping[str, Job],
    needs: Mapping[str, Sequence[str]],
    at_a_time: int = AT_A_TIME,
    on_look: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Results by name, in the order of `jobs`; JobError when one fails, the others are then ended.

    Args:
        jobs: by name, the most urgent first; nothing of them needs to pickle.
        needs: by name, the jobs whose results it waits for; a circle never ends.
        at_a_time: processes.
        on_look: called every half a second.
    """
    context = multiprocessing.get_context("fork")
    waiting, done = list(jobs), dict[str, Any]()
    running: dict[Connection, tuple[str, ForkProcess]] = {}
    gc.collect()
    gc.freeze()  # what is there before the fork is shared; collectors that walk it would copy it, page by page
    try:
        while waiting or running:
            ready = [name for name in waiting if all(need in done for need in needs.get(name, ()))]
            for name in ready[: at_a_time - len(running)]:
                waiting.remove(name)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_answer, args=(there, jobs[name], done), name=name)
                process.start()
                there.close()
                running[here] = name, process
            for ended in wait(list(running), LOOK_S):
                assert isinstance(ended, Connection)  # nothing else is waited for
                name, process = running.pop(ended)
                done[name] = _result(ended, name)
                process.join()
            on_look()
        return {name: done[name] for name in jobs}
    finally:
        gc.unfreeze()
        for _, process in running.values():
            process.terminate()
            process.join()


def _answer(there: Connection, job: Job, done: Mapping[str, Any]) -> None:
    # A solver's library may print whatever it likes: what a command says is its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        there.send((job(done), None))
    except Exception:  # noqa: BLE001  (told to the parent, which raises it)
        there.send((None, format_exc()))


def _result(ended: Connection, name: str) -> Any:
    try:
        result, failure = ended.recv()
    except EOFError as error:
        raise JobError(f"{name}: its process ended without a word") from error
    finally:
        ended.close()
    if failure is not None:
        raise JobError(f"{name}:\n{failure}")
    return result
