"""Open data: what the building bought, sold and made by the hour, for anybody, where the site file switches it on.

Only hours that ended longer ago than the site's delay, only sums over the whole building: nothing of rooms, people,
devices or the moment. Cacheable, and limited in how often it may be asked.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import Field

from dashboards.answers.site import Answer, Fault
from dashboards.ports.view import SiteView
from dashboards.reports.calc_co2 import Basis, factor_on
from models.access import Access
from models.assets import Asset, Purpose
from models.field import Privacy
from models.local_time import local_date, local_day
from models.site import Site

JSON_PATH: Final = "/api/open/energy"
CSV_PATH: Final = "/api/open/energy.csv"
HOUR: Final = timedelta(hours=1)
DAYS_MOST: Final = 31
DAYS_USUAL: Final = 7
PER_MINUTE: Final = 30
KEPT: Final = 32
"""Answers kept in memory: the record is read once for many who ask alike."""
MAX_AGE_S: Final = 900
COLUMNS: Final = ("bought_kwh", "sold_kwh", "pv_kwh", "district_heat_kwh", "co2_kg")
LICENCES: Final = {
    "NLOD-2.0": "https://data.norge.no/nlod/en/2.0",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
ABOUT: Final = (
    "Hourly energy of the whole building, without a sign-in. Only hours that ended at least `delay_h` ago. Sums over "
    "everybody and everything; no rooms, no people, no devices. `null` is not known. CO2 is that of the electricity "
    "bought, by the Norwegian mix of NS 3720. At most 31 days an answer and 30 answers a minute; answers carry an ETag."
)


class OpenHour(Answer):
    """One clock hour."""

    start: datetime = Field(description="Begin, UTC")
    bought_kwh: float | None = Field(description="Electricity from the grid [kWh]")
    sold_kwh: float | None = Field(description="Electricity to the grid [kWh]")
    pv_kwh: float | None = Field(description="Made by solar cells [kWh]")
    district_heat_kwh: float | None = Field(description="Heat from a district network [kWh]")
    co2_kg: float | None = Field(description="Of the electricity bought [kg CO2 equivalents]")


class OpenAnswer(Answer):
    """Hours in order, and what may be done with them."""

    site: str = Field(description="Name of the building")
    licence: str = Field(description="SPDX name")
    licence_url: str
    delay_h: int = Field(description="Hours newer than this are not told [h]")
    floor_area_m2: float = Field(description="Heated, by which buildings are compared [m2]")
    hours: list[OpenHour]


EXAMPLE: Final = OpenAnswer(
    site="Biri omsorgssenter",
    licence="NLOD-2.0",
    licence_url=LICENCES["NLOD-2.0"],
    delay_h=24,
    floor_area_m2=5000.0,
    hours=[
        OpenHour(
            start=datetime(2026, 3, 5, 11, tzinfo=UTC),
            bought_kwh=41.2,
            sold_kwh=0.0,
            pv_kwh=18.6,
            district_heat_kwh=12.4,
            co2_kg=0.74,
        )
    ],
).model_dump(mode="json")
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Not changed since the ETag in If-None-Match"},
    400: {"model": Fault, "description": "No such days"},
    429: {"model": Fault, "description": "Asked too often; Retry-After says when again"},
}


@dataclass
class Bucket:
    """So many answers a minute for all who ask together: behind a proxy one cannot be told from another."""

    clock: Callable[[], float] = monotonic
    left: float = PER_MINUTE
    at: float | None = None

    def wait_s(self) -> float:
        """0 and one taken, or how long to wait."""
        now = self.clock()
        passed = 0.0 if self.at is None else now - self.at
        self.at, self.left = now, min(PER_MINUTE, self.left + passed * PER_MINUTE / 60)
        if self.left < 1:
            return (1 - self.left) * 60 / PER_MINUTE
        self.left -= 1
        return 0.0


def add_open_data(app: FastAPI, view: SiteView, clock: Callable[[], float] = monotonic) -> None:
    """Both routes; to be called only where the site file says so."""
    teller, bucket = _Teller(view, clock), Bucket(clock)

    async def told(request: Request, first: date | None, last: date | None, kind: str) -> Response:
        if (wait := bucket.wait_s()) > 0:
            raise HTTPException(429, "asked too often", {"Retry-After": str(int(wait) + 1)})
        answer = await teller.answer(*period(view.now(), view.site.access, first, last))
        body = answer.model_dump_json() if kind == "json" else as_csv(answer)
        headers = {
            "ETag": f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"',
            "Cache-Control": f"public, max-age={MAX_AGE_S}",
            "Access-Control-Allow-Origin": "*",
            "Link": f'<{answer.licence_url}>; rel="license"',
        }
        if headers["ETag"] in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        media = "application/json" if kind == "json" else "text/csv; charset=utf-8"
        return Response(body, media_type=media, headers=headers)

    @app.get(
        JSON_PATH,
        summary="Open data: energy by the hour",
        description=ABOUT,
        tags=["open data"],
        response_model=OpenAnswer,
        responses=REFUSALS | {200: {"content": {"application/json": {"example": EXAMPLE}}}},
    )
    async def as_json(request: Request, first: First = None, last: Last = None) -> Response:
        return await told(request, first, last, "json")

    @app.get(
        CSV_PATH,
        summary="The same as CSV",
        description=ABOUT,
        tags=["open data"],
        response_class=Response,
        responses=REFUSALS | {200: {"content": {"text/csv": {"example": as_csv(OpenAnswer.model_validate(EXAMPLE))}}}},
    )
    async def as_text(request: Request, first: First = None, last: Last = None) -> Response:
        return await told(request, first, last, "csv")


First = Annotated[date | None, Query(description="First local day; a week before the last one when left out")]
Last = Annotated[date | None, Query(description="Last local day, included; the newest there is when left out")]


def period(now: datetime, access: Access, first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of the hours that may be told; 400 for days that are none, or too many."""
    newest = now.astimezone(UTC) - timedelta(hours=access.open_data_delay_h)
    newest = newest.replace(minute=0, second=0, microsecond=0)
    try:
        last = last or (local_date(newest) if first is None else first + timedelta(days=DAYS_USUAL - 1))
        first = first or last - timedelta(days=DAYS_USUAL - 1)
        start, end = local_day(first)[0], local_day(last)[1]
    except (OverflowError, ValueError) as error:
        raise HTTPException(400, "the days leave the calendar") from error
    if not timedelta(0) <= last - first < timedelta(days=DAYS_MOST):
        raise HTTPException(400, f"'first' must not be after 'last', nor more than {DAYS_MOST} days asked for")
    return start, max(min(end, newest), start)


class _Teller:
    """Answers; the last ones are kept as long as others may keep them."""

    def __init__(self, view: SiteView, clock: Callable[[], float]) -> None:
        self._view, self._clock = view, clock
        self._kept: dict[tuple[datetime, datetime], tuple[float, OpenAnswer]] = {}

    async def answer(self, start: datetime, end: datetime) -> OpenAnswer:
        """From memory where it is young enough."""
        at, found = self._kept.get((start, end), (0.0, None))
        if found is None or self._clock() - at > MAX_AGE_S:
            self._kept.pop((start, end), None)
            found = await answer(self._view, start, end)
            self._kept[start, end] = self._clock(), found
            if len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)))
        return found


async def answer(view: SiteView, start: datetime, end: datetime) -> OpenAnswer:
    """The hours from `start` to `end` (UTC, clock hours), as far as the counters of the whole building are recorded."""
    site, count = view.site, round((end - start) / HOUR)
    columns: dict[str, Sequence[float | None]] = {}
    for name, points in counters(site).items():
        gains = [await _gained(view, point, start, count) for point in points]
        columns[name] = [_sum(values) for values in zip(*gains, strict=True)] if gains else [None] * count
    rows = []
    for n in range(count):
        at = start + n * HOUR
        factor = factor_on(Basis.LIFETIME_NO, local_date(at))
        bought = columns["bought_kwh"][n]
        kg = bought * factor.g_per_kwh / 1000 if bought is not None and factor is not None else None
        own = {name: _rounded(values[n]) for name, values in columns.items()}
        rows.append(OpenHour(start=at, **own, co2_kg=_rounded(kg, 2)))
    return OpenAnswer(
        site=site.name.nb,
        licence=site.access.open_data_licence,
        licence_url=LICENCES[site.access.open_data_licence],
        delay_h=site.access.open_data_delay_h,
        floor_area_m2=sum(zone.area_m2 for zone in site.zones),
        hours=rows,
    )


def counters(site: Site) -> dict[str, list[str]]:
    """Counters of the whole building by column; nothing personal, nothing of single loads."""
    mains: list[Asset] = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    wanted: dict[str, tuple[Sequence[Asset], str]] = {
        "bought_kwh": (mains, "import_kwh"),
        "sold_kwh": (mains, "export_kwh"),
        "pv_kwh": (site.pv, "ac_energy_kwh"),
        "district_heat_kwh": (site.district_heat, "energy_kwh"),
    }
    found = {}
    for name, (assets, signal) in wanted.items():
        points = [site.find(asset.devices, signal) for asset in assets]
        known = [p for p in points if p is not None and site.points[p].privacy is Privacy.PUBLIC]
        found[name] = known if len(known) == len(points) else []
    return found


async def _gained(view: SiteView, point: str, start: datetime, count: int) -> list[float | None]:
    """What a counter gained in each hour; None where it is not known or was set back."""
    if count == 0:
        return []
    series = await view.history(point, start - HOUR, start + count * HOUR, count + 1)
    ends = series.maximum
    gained = []
    for before, after in pairwise(ends):
        known = before is not None and after is not None and after >= before
        gained.append(after - before if known and after is not None and before is not None else None)
    return gained


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def as_csv(answer: OpenAnswer) -> str:
    """A header, then an hour a line; unknown is empty. Licence and site stand in the JSON and in the Link header."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["start_utc", *COLUMNS])
    for hour in json.loads(answer.model_dump_json())["hours"]:
        rows.writerow([hour["start"], *("" if hour[name] is None else hour[name] for name in COLUMNS)])
    return text.getvalue()
