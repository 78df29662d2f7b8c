"""Versions of what the record has taught, parameters and habits: a file of JSON lines beside it, only ever added to.

A line is a version with what it was judged by, or the decision to go back to an earlier one; the last line says which
is in use. Version 0 is the site file alone and always there.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bems.process import complain, say
from control.habits.learned import Learned
from control.refit.fitted import NEUTRAL, Fitted, fitted_from_json
from control.refit.model import PartResult

FILE_NAME: Final = "models.jsonl"
REFUSED: Final = 1


@dataclass(frozen=True)
class Version:
    """One version of the model."""

    fitted: Fitted
    learned: Learned
    """Habits."""
    kept_at: datetime
    """Site time (UTC)."""
    parts: tuple[Mapping[str, Any], ...]
    """Held-out errors of both: `control.refit.model.PartResult` as JSON."""


class ModelStore:
    """The versions in a data folder. OSError when the folder cannot be read or written."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE_NAME

    def versions(self) -> list[Version]:
        """All of them, oldest first; the site file's own is not among them."""
        return [
            Version(
                fitted_from_json(line["fitted"]),
                Learned.from_json(line["habits"]),
                datetime.fromisoformat(line["at"]),
                tuple(line["parts"]),
            )
            for line in self._lines()
            if "fitted" in line
        ]

    def in_use(self) -> Fitted:
        """The parameters that plans are to be made with."""
        return self.get(self._number_in_use()) or NEUTRAL

    def habits_in_use(self) -> Learned | None:
        """The habits that plans are to be made with; None: the site file's."""
        number = self._number_in_use()
        return next((v.learned for v in self.versions() if v.fitted.version == number), None)

    def get(self, version: int) -> Fitted | None:
        """A version by its number; None when there is no such one."""
        if version == NEUTRAL.version:
            return NEUTRAL
        return next((v.fitted for v in self.versions() if v.fitted.version == version), None)

    def keep(self, fitted: Fitted, learned: Learned, results: Sequence[PartResult], at: datetime) -> Version | None:
        """Adds a night's version, in use from now on, under the next free number; None when no part was accepted."""
        if not any(result.accepted for result in results):
            return None
        number = max((v.fitted.version for v in self.versions()), default=0) + 1
        parts = tuple(result.as_json() for result in results)
        made = Version(replace(fitted, version=number), replace(learned, version=number), at.astimezone(UTC), parts)
        self._append(
            {
                "at": made.kept_at.isoformat(),
                "fitted": made.fitted.as_json(),
                "habits": made.learned.to_json(),
                "parts": list(parts),
            }
        )
        return made

    def revert(self, version: int, at: datetime) -> Fitted:
        """Goes back (or forward) to a version. KeyError when there is no such one."""
        fitted = self.get(version)
        if fitted is None:
            raise KeyError(f"no version {version} of the model; there are {self._numbers()}")
        self._append({"at": at.astimezone(UTC).isoformat(), "use": version})
        return fitted

    def _number_in_use(self) -> int:
        number = 0
        for line in self._lines():
            number = int(line["fitted"]["version"]) if "fitted" in line else int(line["use"])
        return number

    def _numbers(self) -> str:
        return ", ".join(["0", *(str(v.fitted.version) for v in self.versions())])

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        """What is sound in the file: a line that was torn by a power cut, or is no version, is passed over."""
        if not self._path.exists():
            return
        for text in self._path.read_text("utf-8").splitlines():
            try:
                line = json.loads(text)
                datetime.fromisoformat(line["at"])
                if "fitted" in line:
                    fitted_from_json(line["fitted"])
                    Learned.from_json(line["habits"])
                    line["parts"] = list(line["parts"])
                else:
                    int(line["use"])
            except (ValueError, KeyError, TypeError):
                continue
            yield line

    def _append(self, line: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        torn = self._path.exists() and not self._path.read_bytes().endswith(b"\n")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn and self._path.stat().st_size else "") + json.dumps(line, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


# --- bems model -----------------------------------------------------------------------------------------------------


def command(data: Path, words: Sequence[str], now: datetime) -> int:
    """`bems model [list | show N | revert N]`; exit code 1 when there is no such version."""
    store = ModelStore(data)
    verb, *rest = words or ("list",)
    if verb == "list" and not rest:
        _list(store)
        return 0
    if verb not in ("show", "revert") or len(rest) != 1 or not rest[0].isdigit():
        complain("bems model: list | show N | revert N")
        return 2
    number = int(rest[0])
    try:
        fitted = store.revert(number, now) if verb == "revert" else store.get(number)
    except KeyError as error:
        complain(f"bems model: {error.args[0]}")
        return REFUSED
    if fitted is None:
        complain(f"bems model: no version {number}")
        return REFUSED
    if verb == "revert":
        say(f"version {number} is in use from the next plan on")
    else:
        _show(store, fitted)
    return 0


def _list(store: ModelStore) -> None:
    used = store.in_use().version
    say(f"{'*' if used == 0 else ' '} 0  the site file alone")
    for version in store.versions():
        better = [part["part"] for part in version.parts if part.get("verdict") == "improved"]
        mark = "*" if version.fitted.version == used else " "
        say(f"{mark} {version.fitted.version}  {version.kept_at:%Y-%m-%d %H:%M} UTC  improved: {', '.join(better)}")


def _show(store: ModelStore, fitted: Fitted) -> None:
    version = next((v for v in store.versions() if v.fitted.version == fitted.version), None)
    for part in version.parts if version is not None else ():
        errors = " -> ".join("-" if part.get(k) is None else f"{part[k]:.3g}" for k in ("before", "after"))
        say(f"{part['part']}: {part['verdict']}, held-out error {errors} {part.get('unit', '')}")
    for name, values in sorted(fitted.parts.items()):
        for parameter, value in values.items():
            say(f"{name}.{parameter} = {value:.3f}")
    if version is not None and version.learned.parts:
        say(f"habits from the record: {', '.join(version.learned.parts)}")
    if version is None:
        say("the site file alone")
