"""Run every benchmark: each module of this folder with `measure() -> dict[str, float]` measures what its keys say.

Prints a table and writes build/bench.json (flat: name to number). Names end in their unit, or say that they are a
ratio. `python -m bench tick modbus` runs only those modules. A benchmark that fails is reported, the others still run,
and the exit code is 1.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
RESULTS: Final = FOLDER.parent / "build" / "bench.json"


def main(wanted: Sequence[str]) -> int:
    """Measure what `wanted` names, or everything; returns the exit code."""
    there = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
    if unknown := sorted(set(wanted) - set(there)):
        print(f"no benchmark '{unknown[0]}'; there are: {', '.join(there)}", file=sys.stderr)
        return 2
    results: dict[str, float] = {}
    failed: list[str] = []
    for name in wanted or there:
        print(f"{name}: measuring", flush=True)
        begun = time.monotonic()
        try:
            measured = run_one(name, results)
        except Exception:  # noqa: BLE001  (whatever one benchmark does, the others still run)
            traceback.print_exc()
            failed.append(name)
            continue
        results |= measured
        print(f"{name}: done in {time.monotonic() - begun:.1f} s", flush=True)
    report(results, keep_others=bool(wanted))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_one(name: str, so_far: dict[str, float]) -> dict[str, float]:
    """Numbers of one module; ValueError for a name that another has given, TypeError for what is no number."""
    measured: dict[str, float] = importlib.import_module(f"bench.{name}").measure()
    for key, value in measured.items():
        if key in so_far:
            raise ValueError(f"'{key}' was measured by another benchmark already")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"'{key}' must be a number, not {value!r}")
    return measured


def report(results: dict[str, float], *, keep_others: bool) -> None:
    """Print the table and write the file; after a partial run the other numbers of the file stay."""
    width = max((len(name) for name in results), default=0)
    print()
    for name, value in sorted(results.items()):
        print(f"  {name:<{width}}  {value:>12,.3f}")
    before = json.loads(RESULTS.read_text("utf-8")) if keep_others and RESULTS.is_file() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(before | results, indent=2, sort_keys=True) + "\n", "utf-8")
    print(f"\nwritten to {RESULTS.relative_to(FOLDER.parent)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
