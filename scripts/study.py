"""`make study`: the backtest over weeks and seeds, resumable: one file per run, what is there is not run again.

Controllers that a file lacks are run and added to it. A file of another plant is run anew; one of other code is kept,
and the tables say so: deleting it has it run again.

python -m scripts.study [SITE] [--days 7] [--warmup-days 7] [--seeds 1,2,3] [--only january,july] [--plant M:F]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bems.backtest.command import DEFAULT_PLANT
from models.site import Site, load_site
from scripts.prepare import ROOT
from scripts.study_cases import REAL, REAL_WEATHER, SYNTHETIC, YEAR, Week, files
from scripts.study_tables import Ran, tables

ALL = (*SYNTHETIC, *REAL, *YEAR)


def main(arguments: Sequence[str]) -> int:
    """Run what is missing, then print the tables of all there is; exit code 1 when a run failed."""
    asked = _parser().parse_args(arguments)
    site = load_site(asked.site)
    folder = asked.out / site.id
    weeks = [week for week in ALL if (_is_of(week, asked.only) if asked.only else week not in YEAR)]
    if not (asked.data / REAL_WEATHER).exists():
        left_out = [week.name for week in weeks if _real(week)]
        weeks = [week for week in weeks if not _real(week)]
        if left_out:
            print(f"left out, for there is no real weather and no real prices in {asked.data}: {', '.join(left_out)}")
    runs = [(week, seed) for seed in asked.seeds for week in weeks]
    done: list[Ran] = []
    failed = 0
    for number, (week, seed) in enumerate(runs, 1):
        file = folder / f"{week.name}_seed{seed}_{asked.days}d_after{asked.warmup_days}d.json"
        kept = _kept(file, asked)
        if missing := [name for name in asked.controllers.split(",") if name not in kept.get("controllers", {})]:
            print(f"{number} of {len(runs)}: {week.told}, seed {seed}, {asked.days} days ... ", end="", flush=True)
            begun = time.monotonic()
            failure = _run(site, asked, week, seed, file, missing, kept)
            print(failure or f"{(time.monotonic() - begun) / 60:.1f} min", flush=True)
            failed += failure is not None
        if kept := _kept(file, asked):
            done.append(Ran(week.name, seed, kept))
    if done:
        text = tables(done)
        (folder / "tables.md").write_text(text + "\n", "utf-8")
        print(f"\n{text}")
    return 1 if failed else 0


def _kept(file: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """What an earlier run of the same plant answered; empty when there is none."""
    if not file.exists():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
    same = kept.get("meta", {}).get("plant", DEFAULT_PLANT) == (asked.plant or DEFAULT_PLANT)
    return kept if same else {}


def _run(
    site: Site,
    asked: argparse.Namespace,
    week: Week,
    seed: int,
    file: Path,
    controllers: Sequence[str],
    kept: Mapping[str, Any],
) -> str | None:
    """One backtest, added to what is kept; what went wrong, if anything did. The file changes only for a whole one."""
    try:
        start, words = files(week, site.place, seed, asked.days, asked.warmup_days, asked.data, file.parent / "data")
    except OSError as error:
        return f"left out: {error}"
    part = file.with_suffix(".part")
    words += ["--start", start.isoformat(), "--days", str(asked.days), "--warmup-days", str(asked.warmup_days)]
    words += ["--seed", str(seed), "--controllers", ",".join(controllers), "--json", str(part)]
    words += ["--plant", asked.plant] if asked.plant else []
    command = [sys.executable, "-m", "bems.cli", "backtest", str(asked.site), *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        return f"failed: {ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else ended.returncode}"
    if kept:
        answer = json.loads(part.read_text("utf-8"))
        codes = dict.fromkeys(one.get("meta", {}).get("code", "unknown") for one in (kept, answer))
        answer["controllers"] = kept["controllers"] | answer["controllers"]
        answer["meta"] |= {"code": ", ".join(codes)}
        part.write_text(json.dumps(answer, indent=1), "utf-8")
    part.replace(file)
    return None


def _real(week: Week) -> bool:
    return week.weather is not None or week.price_year is not None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="the backtest over weeks and seeds; what was run is not run again")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "site.biri.toml")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--warmup-days", type=int, default=14)
    parser.add_argument("--seeds", type=_numbers, default=[1, 2, 3, 4, 5], help="1,2,3")
    parser.add_argument("--only", type=_names, default=[], help=f"of {','.join(week.name for week in ALL)}")
    parser.add_argument("--controllers", default="naive,rules,optimiser,oracle")
    parser.add_argument("--plant", default=None, metavar="MODULE:FACTORY")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of real data")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "study")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _is_of(week: Week, names: Sequence[str]) -> bool:
    """Whether it is asked for by its name, or with all of its kind: `year`, `real`, `prices`."""
    return week.name in names or week.name.partition("_")[0] in names


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if not any(_is_of(week, [name]) for week in ALL)]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{', '.join(unknown)}: no such week; there are {', '.join(w.name for w in ALL)}"
        )
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
