"""What a night teaches, worked out in a process of its own: habits and parameters from the last four weeks."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from bems.learning.quarters import known_prices, quarters
from control.habits.judge import judged
from control.habits.learned import Learned
from control.plant_model import from_site
from control.refit.fitted import Fitted
from control.refit.model import PartResult, Refit, refit
from models.site import Site

DAYS: Final = 28


@dataclass(frozen=True)
class Night:
    """What came of it."""

    days: float
    """Length of the record it was taught by."""
    learned: Learned
    habits: tuple[PartResult, ...]
    """What became of each part of them."""
    refit: Refit | None
    """None without a record."""
    seconds: float


def study(history: Path, folder: Path, site: Site, now: datetime, learned: Learned, fitted: Fitted) -> Night:
    """Learn from the days before `now`. `learned` and `fitted` are in use; they come back where nothing is better."""
    begun = perf_counter()
    record = quarters(history, folder, site, now, DAYS)
    if record is None:
        return Night(0.0, learned, (), None, perf_counter() - begun)
    days = len(record) * record.dt_s / 86400
    lesson = judged(site, record, learned, known_prices(history, now, DAYS))
    plant = replace(from_site(site), presence=lesson.learned.presence)
    found = refit(site, plant, record, fitted)
    return Night(days, lesson.learned, lesson.parts, found, perf_counter() - begun)
