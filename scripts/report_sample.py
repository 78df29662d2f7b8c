"""A month's and a year's report of the simulated centre, to be opened and read as an adviser would.

python -m scripts.report_sample [--out build/report_sample] [--days 365] [--formats pdf,xlsx]

The plant runs a calendar year under the rules, in lockstep (minutes of work, not of the year); the record has what a
real one has: an outage of the meters' gateway, a heat meter that was exchanged, an after-heater's sensor that was
silent. A record that is there is taken as it is: delete the folder to run again.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from bems.backtest.lockstep import Lockstep
from bems.history.rows import Event, EventKind
from bems.reports.make import made
from bench._filling import Filling
from control.rules.decision import decide
from dashboards.reports.assemble import month_of, year_of
from dashboards.reports.formats import FORMATS, Format, file_name, write
from dashboards.words import Language
from hil_sim.plant import create
from models.reasons import sentence
from models.signals import Reason
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

ROOT: Final = Path(__file__).resolve().parents[1]
SITE_FILE: Final = ROOT / "site.biri.toml"
YEAR: Final = 2025
START: Final = datetime(YEAR, 1, 1, tzinfo=UTC)
SEED: Final = 1
OUTAGE: Final = ("mb_meters", datetime(YEAR, 2, 11, 8, tzinfo=UTC), datetime(YEAR, 2, 11, 14, 30, tzinfo=UTC))
"""A connection and when nothing came over it."""
SILENT: Final = ("hot_water.middle_temp_degc", datetime(YEAR, 3, 3, tzinfo=UTC), datetime(YEAR, 3, 4, 9, tzinfo=UTC))
EXCHANGED: Final = ("heat_floor.energy_kwh", datetime(YEAR, 9, 16, 10, tzinfo=UTC), 3.2)
"""A counter, when the meter was exchanged, and what the new one showed first."""
LANGUAGES: Final[tuple[Language, ...]] = ("nb", "en")


def main(arguments: Sequence[str]) -> int:
    """Make the record where there is none, then the reports."""
    parser = argparse.ArgumentParser(prog="python -m scripts.report_sample", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "report_sample")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--step", type=float, default=600.0, help="of plant, control and record [s]")
    parser.add_argument("--month", type=int, default=2)
    parser.add_argument("--formats", type=lambda text: text.split(","), default=list(FORMATS))
    asked = parser.parse_args(arguments)
    site, path = load_site(SITE_FILE), asked.out / "record.sqlite"
    if not path.exists():
        simulate(site, path, asked.days, asked.step)
    now = START + timedelta(days=asked.days)
    for period in (month_of(YEAR, asked.month), year_of(YEAR)):
        for language in LANGUAGES:
            begun = time.monotonic()
            report = made(site, path, period, now, language)
            took_s = time.monotonic() - begun
            for kind in cast("list[Format]", asked.formats):
                file = asked.out / file_name(site.id, period.id, language, kind)
                file.write_bytes(write(report, kind))
            print(f"{period.id} {language}: reckoned in {took_s:.1f} s, written as {', '.join(asked.formats)}")
    return 0


def simulate(site: Site, path: Path, days: int, step_s: float) -> None:
    """So many days from the year's first on, under the rules."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weather = synthetic_year(YEAR, SEED)
    lockstep = Lockstep(site, create(site, weather), START, dt_s=step_s, seed=SEED)
    points = tuple(site.points)
    part = path.with_name("simulated.sqlite")  # the record appears when it is whole
    filling = Filling(part, site, points, START)
    events: list[Event] = []
    exchanged: list[Event] = []
    offset = 0.0
    for day in range(days):
        result = lockstep.advance(24.0, decide)
        events += [_event(at, reason) for at, reason in result.events]
        values, offset, news = _as_measured(site, points, START + timedelta(days=day), result.values, offset)
        exchanged += news
        filling.day(values)
        if day % 10 == 9:
            print(f"\r{day + 1} days", end="", file=sys.stderr, flush=True)
    filling.finish(synthetic_prices(YEAR, SEED, weather), [*events, *exchanged])
    part.rename(path)


def _as_measured(
    site: Site, points: Sequence[str], start: datetime, values: NDArray[np.float64], offset: float
) -> tuple[NDArray[np.float64], float, list[Event]]:
    """What would have been recorded of a day; what an exchanged counter is short of; and whether it was today."""
    shown = np.round(values, 3)
    connection, gone, back = OUTAGE
    step = timedelta(days=1) / len(shown)
    lost = [n for n, point in enumerate(points) if site.points[point].device.connection == connection]
    for columns, since, until in ((lost, gone, back), ([points.index(SILENT[0])], *SILENT[1:])):
        rows = slice(*(min(max((at - start) // step, 0), len(shown)) for at in (since, until)))
        shown[rows, columns] = np.nan
    counter, at, first = EXCHANGED
    place, row = points.index(counter), (at - start) // step
    news = []
    if 0 <= row < len(shown):
        last = float(shown[row, place])
        news = [Event(at, EventKind.METER_EXCHANGE, counter, "4417 → 5186", {"last": last, "first": first})]
        shown[row:, place] += first - last
        return shown, first - last, news
    shown[:, place] += offset
    return shown, offset, news


def _event(at: datetime, reason: Reason) -> Event:
    return Event(at, EventKind.CONTROL, "rules", sentence(reason, "en"), {"code": reason.code, **reason.facts})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
