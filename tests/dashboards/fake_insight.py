"""Energy, hot water and a plan to look at, as dashboards.ports.insight has them: a winter morning, made up."""

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from dashboards.ports.energy import (
    BillView,
    DayView,
    EnergyView,
    HighHourView,
    HourView,
    MeterView,
    PeakView,
    SavedView,
    SavingsView,
)
from dashboards.ports.timeline import (
    CameView,
    ComparedView,
    GroundsView,
    HourScoreView,
    LaneView,
    LineView,
    LookBackView,
    SecondView,
    TimelineView,
)
from dashboards.ports.water import CycleView, DutyView, PairView, ProofView, SensorView, WaterView
from models.assets import Meter
from models.local_time import local_date, local_day
from models.naming import in_both
from models.profile import Text
from models.reasons import Code, because
from models.site import Site

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
PAST = 48
STEPS = [0.25] * 24 + [0.5] * 12 + [1.0] * 36
IDENTITY = "prices known to 2025-01-16T00:00+01:00, then the last known days' level and shape; weather of 06:00Z"

SOURCES = Text(
    nb="priser kjent til 16.01. kl. 00.00, deretter de siste ukenes priser; værvarsel fra 15.01. kl. 07.00",
    en="prices known to 2025-01-16 00:00, then the last weeks' prices; weather of 2025-01-15 07:00",
)


def price(hour: float) -> float:
    """Dear in the morning and in the evening, by local hour."""
    return 0.72 + 0.34 * math.exp(-(((hour % 24 - 8) / 2) ** 2)) + 0.42 * math.exp(-(((hour % 24 - 18) / 2.2) ** 2))


def outdoor(hour: float) -> float:
    """Coldest at six."""
    return -8.0 - 4.0 * math.cos((hour - 18) / 24 * 2 * math.pi)


class FakeInsight:
    """dashboards.ports.insight.Insight; with `trouble` there is no plan, and a loop was too cold."""

    def __init__(self, site: Site, now: Callable[[], datetime], *, trouble: bool) -> None:
        self._site, self._now, self._trouble = site, now, trouble

    async def energy(self) -> EnergyView | None:
        return energy(self._site, self._now(), trouble=self._trouble)

    async def water(self) -> WaterView | None:
        return water(self._site, self._now(), trouble=self._trouble)

    async def timeline(self) -> TimelineView | None:
        return None if self._trouble else timeline(self._site, self._now())

    async def look_back(self, day: date) -> LookBackView:
        return look_back(day, known=not self._trouble)


def energy(site: Site, now: datetime, *, trouble: bool) -> EnergyView:
    today = local_date(now)
    start, end = local_day(today)
    hours = []
    for n in range(round((end - start) / HOUR)):
        at = start + n * HOUR
        used = 44 + 24 * math.exp(-(((n - 8) / 2.5) ** 2))
        began = at <= now
        share = min((now - at) / HOUR, 1.0)
        hours.append(
            HourView(at, used * share if began else None, 0.0 if began else None, price(n), None if began else used)
        )
    bought = sum(hour.bought_kwh or 0.0 for hour in hours)
    first = today.replace(day=1)
    days = [
        DayView(
            local_day(first + timedelta(days=n))[0],
            1100 + 90 * math.sin(n),
            3.0 * n,
            930 + 80 * math.sin(n),
            66 + 9 * math.sin(2 * n),
        )
        for n in range(today.day - 1)
    ]
    if trouble:
        days[2] = DayView(days[2].start, None, None, None, None)
    days.append(DayView(start, bought, 0.0, bought * 0.84, 68.0))
    of_today = BillView(
        start,
        now,
        bought,
        0.0,
        bought * 0.7,
        bought * 0.02,
        bought * 0.05,
        bought * 0.0713,
        0.0,
        None,
        None,
        bought * 0.8413,
        0.91 if trouble else 1.0,
    )
    month = BillView(
        days[0].start,
        now,
        16_480.0,
        42.0,
        11_860.0,
        330.0,
        824.0,
        1175.0,
        21.0,
        7360.0,
        539.0,
        22_067.0,
        0.9 if trouble else 1.0,
    )
    return EnergyView(
        now, 25.0, of_today, month, hours, days, [_meter(site, m) for m in site.meters], _peak(now), _savings(start)
    )


def _meter(site: Site, meter: Meter) -> MeterView:
    kwh = 12.0 + sum(meter.id.encode()) % 60
    return MeterView(meter.id, meter.name, meter.carrier, meter.purpose.value, kwh, kwh * 14)


def _peak(now: datetime) -> PeakView:
    hour = now.replace(minute=0, second=0, microsecond=0)
    highest = [HighHourView(hour - timedelta(days=n, hours=-2), kw) for n, kw in ((2, 75.0), (5, 71.4), (1, 66.8))]
    return PeakView(
        "per_kw", "highest_hour", 75.0, 6900.0, 92.0, None, None, None, 83.9, 78.0, highest, hour, 21.0, 66.0
    )


def _savings(start: datetime) -> SavingsView:
    nights = [
        SavedView(
            start - timedelta(days=n, hours=4),
            start - timedelta(days=n, hours=-7),
            455.0 - 9 * n,
            31.0 - 12 * n,
            8.0,
            Text(nb=f"Spart: {31 - 12 * n} kr, pluss eller minus 8 kr.", en=f"Saved: {31 - 12 * n} NOK, ± 8 NOK."),
        )
        for n in range(3)
    ]
    return SavingsView(nights, 3, 57.0, 24.0)


def water(site: Site, now: datetime, *, trouble: bool) -> WaterView:
    assert site.hot_water is not None
    today = local_date(now)
    days = [local_day(today - timedelta(days=n))[0] for n in range(6, -1, -1)]
    parts = [
        *(
            (f"hot_water.{signal}", limit)
            for signal, limit in (
                ("top_temp_degc", 60.0),
                ("middle_temp_degc", 60.0),
                ("bottom_temp_degc", 60.0),
                ("supply_temp_degc", 65.0),
            )
        ),
        *((f"{loop.id}.return_temp_degc", 60.0) for loop in site.hot_water.loops),
    ]
    names = {f"{loop.id}.return_temp_degc": loop.name for loop in site.hot_water.loops}
    sensors = []
    for n, (point, limit) in enumerate(parts):
        cold = trouble and n == len(parts) - 1
        below = [0.0, 0.0, 14.0 if cold else 0.0, 0.0, None if trouble else 0.0, 0.0, 37.0 if cold else 0.0]
        sensors.append(
            SensorView(
                point,
                names.get(point, site.points[point].spec.label),
                point in names,
                None if cold else limit + 1.2 + 0.3 * n,
                limit,
                limit - 1.4 if cold else limit + 0.4,
                below,
                [0.0 if b is not None else None for b in below],
                [0.0, 0.0, 0.0, 0.0, 1440.0 if trouble else 0.0, 0.0, 3.0],
            )
        )
    if trouble:
        before = now - timedelta(days=7, hours=3)
        proven, due = ProofView(before - timedelta(minutes=35), before, 60.0, 35.0, 60.4), now - timedelta(hours=3)
    else:
        proven = ProofView(now - timedelta(minutes=412), now, 60.0, 412.0, 60.4, still_on=True)
        due = now + timedelta(days=7)
    facts = {"minutes": 35.0, "degc": 60.0, "coldest_degc": 60.4}
    log = [
        CycleView(now - timedelta(days=2), Code.CYCLE_PROVEN, in_both(site, because(Code.CYCLE_PROVEN, **facts))),
        CycleView(
            now - timedelta(days=2, hours=2),
            Code.CYCLE_STARTED,
            in_both(site, because(Code.CYCLE_STARTED, left_h=34.0)),
        ),
    ]
    duty = DutyView(
        7.0,
        due,
        (due - now) / HOUR,
        now - HOUR if trouble else None,
        None if trouble else now + 9 * HOUR,
        None if trouble else 61.2,
        [PairView(60.0, 30.0, None if trouble else 412.0), PairView(70.0, 5.0, None)],
        proven,
    )
    charts = ["hot_water.supply_temp_degc", "hot_water.top_temp_degc", "hot_water.bottom_temp_degc"]
    return WaterView(now, duty, 55.0, days, sensors, log, 0.9, 41.5, 6.1, 20.0, charts)


def timeline(site: Site, now: datetime) -> TimelineView:
    start = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    starts, at = [], start
    for hours in STEPS:
        starts.append(at)
        at += timedelta(hours=hours)
    past = [start - (PAST - n) * QUARTER for n in range(PAST)]

    def over(times: list[datetime], of: Callable[[float], float]) -> list[float | None]:
        return [round(of(t.hour + 1 + t.minute / 60), 3) for t in times]

    def line(name: str, said: Text, of: Callable[[float], float], *, measured: bool = True, **more: object) -> LineView:
        return LineView(name, said, over(past, of) if measured else [], over(starts, of), **more)  # type: ignore[arg-type]

    names = {part.id: part.name for part in (*site.tanks, *site.boilers, *([site.hot_water] if site.hot_water else []))}
    rooms = [
        line(f"{zone.id}.degc", zone.name, _room(n), low=[21.0] * len(starts), high=[24.0] * len(starts))
        for n, zone in enumerate(site.zones[:5])
    ]
    unsure = [round(0.3 + 1.5 * n / len(starts), 2) for n in range(len(starts))]
    lanes = [
        LaneView("price", "kr/kWh", "bars", [line("price", Text(nb="Strømpris", en="Electricity price"), price)]),
        LaneView("weather", "°C", "lines", [line("outdoor", Text(nb="Ute", en="Outdoors"), outdoor, spread=unsure)]),
        LaneView(
            "power",
            "kW",
            "lines",
            [
                line("grid.power_kw", Text(nb="Nettimport", en="Grid import"), lambda h: 52 + 20 * math.sin(h / 3)),
                line(
                    "pv.power_kw",
                    Text(nb="Solceller", en="Solar cells"),
                    lambda h: max(0.0, 14 * math.sin((h % 24 - 8) / 8 * math.pi)) if 8 < h % 24 < 16 else 0.0,
                ),
                line(
                    "base",
                    Text(nb="Lys og utstyr", en="Light and equipment"),
                    lambda h: 31 + 6 * math.sin(h / 4),
                    measured=False,
                    spread=[4.0] * len(starts),
                ),
            ],
            limit=78.0,
        ),
        LaneView(
            "gains",
            "kW",
            "lines",
            [
                line(
                    "gains",
                    Text(nb="Folk, lys, utstyr, rør", en="People, light, equipment, pipes"),
                    lambda h: 24 + 5 * math.sin(h / 4),
                    measured=False,
                    spread=[1.5] * len(starts),
                ),
            ],
        ),
        LaneView(
            "machines",
            "kW",
            "stack",
            [
                line(
                    "hp1..hp2.buffer.power_kw",
                    names["buffer"],
                    lambda h: 4.2 * round(1.4 + math.sin(h / 2.3)),
                    measured=False,
                ),
                line(
                    "hp1..hp2.hp_tank.power_kw",
                    names["hp_tank"],
                    lambda h: 5.1 if 3 < h % 24 < 6 else 0.0,
                    measured=False,
                ),
                LineView(
                    "heat_pumps", Text(nb="Varmepumper", en="Heat pumps"), over(past, lambda h: 9 + 4 * math.sin(h)), []
                ),
            ],
        ),
        LaneView(
            "electric_heat",
            "kW",
            "stack",
            [
                line("boiler.power_kw", names["boiler"], lambda h: 0.0),
                line("hot_water.heater_kw", names["hot_water"], lambda h: 10.0 if math.sin(h * 1.4) > 0.5 else 0.0),
            ],
        ),
        LaneView(
            "tanks",
            "°C",
            "lines",
            [
                line("buffer.degc", names["buffer"], lambda h: 36 + 6 * math.sin(h / 3), kwh_per_k=3.5),
                line("solar_tank.degc", names["solar_tank"], lambda h: 24 + 2 * math.sin(h / 7), kwh_per_k=3.5),
                line("hp_tank.degc", names["hp_tank"], lambda h: 50 + 4 * math.sin(h / 4), kwh_per_k=2.3),
                line("hot_water.degc", names["hot_water"], lambda h: 69 + 2 * math.sin(h), kwh_per_k=1.2),
            ],
        ),
        LaneView("rooms", "°C", "choice", rooms),
        LaneView(
            "cars",
            "kW",
            "stack",
            [line("cars", Text(nb="Biler", en="Cars"), lambda h: 22.0 if 1 < h % 24 < 5 else 0.0)],
        ),
    ]
    return TimelineView(
        now,
        start + timedelta(seconds=12),
        start + 2 * HOUR,
        IDENTITY,
        SOURCES,
        past,
        900.0,
        starts,
        at,
        start.replace(hour=23, minute=0),
        lanes,
        [("energy", 1482.9), ("peak", 6495.2), ("starts", 9.0), ("season", 8.3), ("terminal", -8.9)],
        grounds(site, start),
        [],
        start + 9 * HOUR,
    )


def _room(number: int) -> Callable[[float], float]:
    return lambda hour: 21.6 + 0.1 * number + 0.4 * math.sin(hour / 4 + number)


def grounds(site: Site, start: datetime) -> list[GroundsView]:
    facts = {"now_nok_per_kwh": 0.93, "later_nok_per_kwh": 0.75}
    names = {part.id: part.name for part in (*site.tanks, *site.boilers, *([site.hot_water] if site.hot_water else []))}
    both = Text(nb="Varmepumpe 1 og Varmepumpe 2", en="Heat pump 1 and Heat pump 2")
    need = in_both(site, because(Code.WHY_NEED, now_nok_per_kwh=0.93))
    wait = in_both(site, because(Code.WHY_WAIT, **facts))
    cold = in_both(site, because(Code.BOUND_COLD, name="unit_a"))

    def one(family: Any, asset: Text, value: float, unit: str, reason: Text, **more: object) -> GroundsView:
        rest: dict[str, object] = {"bound": None, "bound_nok": None, "heat_nok_per_kwh": 0.27, "second": None}
        rest |= {"last": None} | more
        return GroundsView(
            family=family,
            asset=asset,
            value=value,
            unit=unit,
            reason=reason,
            electricity_nok_per_kwh=0.93,
            followed=family != "air",
            start=start,
            end=start + QUARTER,
            identity=IDENTITY,
            **rest,  # type: ignore[arg-type]
        )

    return [
        one(
            "compressors",
            both,
            2.0,
            "",
            need,
            bound=cold,
            bound_nok=1.8,
            last=CameView(start - QUARTER, start, "kWh", 8.1, 7.9),
            second=SecondView(1.0, 3.42, [cold]),
        ),
        one(
            "charge",
            names["hp_tank"],
            0.0,
            "",
            wait,
            last=CameView(start - QUARTER, start, "°C", 52.4, 52.1),
            second=SecondView(1.0, 1.15, []),
        ),
        one(
            "boiler",
            names["boiler"],
            0.0,
            "kW",
            last=CameView(start - QUARTER, start, "kWh", 0.0, None),
            reason=in_both(site, because(Code.WHY_REST, now_nok_per_kwh=0.93)),
        ),
        one("after_heater", names["hot_water"], 10.0, "kW", need, second=SecondView(0.0, None, [])),
        one(
            "cars",
            Text(nb="Lader 1, Lader 2 og Lader 3", en="Charger 1, Charger 2 and Charger 3"),
            0.0,
            "kW",
            in_both(site, because(Code.WHY_CAR_WAITS, ready="07:30", **facts)),
            heat_nok_per_kwh=None,
        ),
        one("air", site.air_handling[3].name, 0.3, "", in_both(site, because(Code.WHY_SPARE, now_nok_per_kwh=0.93))),
        one("room", site.zones[0].name, 12.4, "kW", need),
    ]


def look_back(day: date, *, known: bool) -> LookBackView:
    start, end = local_day(day)
    if not known:
        return LookBackView(start, end, None, None, [], [], [])
    starts = [start + n * HOUR for n in range(round((end - start) / HOUR))]
    wish = [50 + 18 * math.sin(n / 3) for n in range(len(starts))]
    got = [None if n == 13 else kwh + 4 * math.sin(n) for n, kwh in enumerate(wish)]
    tank = [38 + 5 * math.sin(n / 4) for n in range(len(starts))]
    lines = [
        ComparedView("grid.power_kw", Text(nb="Nettimport", en="Grid import"), "kWh", wish, got),
        ComparedView("buffer.degc", Text(nb="Akkumulatortank", en="Buffer tank"), "°C", tank, [t - 0.8 for t in tank]),
    ]
    hours = [
        HourScoreView(
            at, n != 13, wish[n], got[n] or wish[n], wish[n] * 0.9, (got[n] or wish[n]) * 0.91, 1.2 * math.sin(n)
        )
        for n, at in enumerate(starts)
    ]
    return LookBackView(start, end, start + timedelta(seconds=9), IDENTITY, starts, lines, hours)
