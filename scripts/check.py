"""All checks of the repository in one go; `--lint` leaves out the tests. Exit code 1 when any of them fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from scripts.prepare import ROOT, VENV

if TYPE_CHECKING:
    from collections.abc import Sequence

LINT: Final = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "."],
    "mypy": ["mypy", "--no-error-summary"],
    "import contracts": ["lint-imports", "--no-logo"],
}
"""Each check's command in the virtual environment, by the name people see."""

WIRE: Final = "bac0 bacnet battery_wire control_port demo modbus mqtt outages planning restart watched"
ALONE: Final = tuple(f"tests/system/test_{name}.py" for name in WIRE.split())
"""These judge periods or hold a port of the site file: one after another. All others: a process a core."""


def main(arguments: Sequence[str]) -> int:
    """Run the checks, all of them even when one fails, so that one run shows everything; returns the exit code."""
    failed = [name for name, command in LINT.items() if not passes(name, command)]
    if "--lint" not in arguments:
        others = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile", *(f"--ignore={path}" for path in ALONE)]
        failed += [name for name, words in (("tests", others), ("tests on the wire", ALONE)) if not tested(name, words)]
    if failed:
        print(f"not passed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def tested(name: str, words: Sequence[str]) -> bool:
    """Run tests, their own words to the screen as they come."""
    print(f"{name}:", flush=True)
    command = [str(VENV / "bin" / "python"), "-m", "pytest", "--durations=12", *words]
    # Hundreds of processes are started; each would compile what it imports where Python may not keep it.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env=kept, check=False).returncode == 0


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one check; what it prints is shown only when it fails."""
    print(f"{name}: ", end="", flush=True)
    begun = time.monotonic()
    done = subprocess.run(
        [VENV / "bin" / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(f"{'passed' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - begun:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
