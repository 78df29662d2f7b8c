"""The benchmark runner: one broken benchmark does not hide the others."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parent.parent / "bench" / "__main__.py"


@pytest.fixture
def bench(tmp_path):
    """Runs the runner in a folder of its own on the modules given by name and source; returns what came of it."""

    def run(*arguments: str, **modules: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "bench"
        folder.mkdir(exist_ok=True)
        shutil.copy(RUNNER, folder)
        for name, source in modules.items():
            (folder / f"{name}.py").write_text(source)
        command = [sys.executable, "-B", "-m", "bench", *arguments]  # two versions of a module within a second
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def results(tmp_path) -> dict[str, float]:
    return json.loads((tmp_path / "build" / "bench.json").read_text())


def test_numbers_of_all_benchmarks_are_shown_and_written_flat(bench, tmp_path):
    done = bench(a="def measure(): return {'a_ms': 1.5}", b="def measure(): return {'b_s': 2}")
    assert done.returncode == 0, done.stderr
    assert "a_ms" in done.stdout
    assert results(tmp_path) == {"a_ms": 1.5, "b_s": 2}


def test_a_broken_benchmark_is_reported_and_the_others_still_run(bench, tmp_path):
    done = bench(a="def measure(): raise OSError('no port free')", b="def measure(): return {'b_s': 2.0}")
    assert done.returncode == 1
    assert "no port free" in done.stderr
    assert "failed: a" in done.stderr
    assert results(tmp_path) == {"b_s": 2.0}


def test_a_name_measured_twice_is_refused(bench):
    done = bench(a="def measure(): return {'x': 1.0}", b="def measure(): return {'x': 2.0}")
    assert done.returncode == 1
    assert "'x' was measured by another benchmark already" in done.stderr


def test_a_partial_run_keeps_the_other_numbers(bench, tmp_path):
    bench(a="def measure(): return {'a_ms': 1.0}", b="def measure(): return {'b_s': 2.0}")
    assert bench("a", a="def measure(): return {'a_ms': 3.0}").returncode == 0
    assert results(tmp_path) == {"a_ms": 3.0, "b_s": 2.0}


def test_an_unknown_benchmark_is_named_with_those_there_are(bench):
    done = bench("c", a="def measure(): return {}")
    assert done.returncode == 2
    assert "no benchmark 'c'; there are: a" in done.stderr
