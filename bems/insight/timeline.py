"""The newest plan and the hours before it on one time axis, in lanes that every site has what it can of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

import numpy as np

from bems.history.query import HOLD, History
from bems.insight.grounds import Names, grounds_view
from bems.insight.outcomes import Last
from bems.insight.recorded import recorded
from bems.insight.water import cycle_at
from control.explain import Why, bound_by
from control.grid import Array
from control.measured import Measured, measured, planned
from control.plan import Plan
from control.problem import Inputs, Plant
from control.record import Record
from dashboards.ports.timeline import LaneView, LineView, TimelineView
from models.battery import Battery
from models.naming import Language, in_words
from models.prices import PriceSeries
from models.profile import Text
from models.signals import Reason
from models.site import Site
from models.tariff import import_prices

QUARTER: Final = timedelta(minutes=15)
PAST: Final = timedelta(hours=12)
NAMES: Final = {
    "price": Text(nb="Strømpris", en="Electricity price"),
    "outdoor": Text(nb="Ute", en="Outdoors"),
    "import": Text(nb="Nettimport", en="Grid import"),
    "base": Text(nb="Lys, utstyr, kjøkken, vifter", en="Light, equipment, kitchen, fans"),
    "gains": Text(nb="Folk, lys, utstyr, rør", en="People, light, equipment, pipes"),
    "pv": Text(nb="Solceller", en="Solar cells"),
    "heat_pumps": Text(nb="Varmepumper", en="Heat pumps"),
    "cars": Text(nb="Biler", en="Cars"),
}
LEAST_NOK: Final = 0.5
SHOWN: Final[dict[Language, str]] = {"nb": "%d.%m. kl. %H.%M", "en": "%Y-%m-%d %H:%M"}
"""Moments in words."""


@dataclass(frozen=True)
class Newest:
    """The newest plan and all that it was made from."""

    plan: Plan
    inputs: Inputs
    plant: Plant
    made_at: datetime
    expires_at: datetime
    why: Sequence[Why]
    promoted: Sequence[str]
    last: Last | None = None
    """The newest plan whose first step has passed, and what came of it."""


def timeline_view(
    site: Site, history: History, now: datetime, of: Newest, prices: PriceSeries | None, hold: timedelta = HOLD
) -> TimelineView:
    """The plan as of `now` (UTC). Blocks while it reads the record."""
    told = measured(site, of.plant)
    past_end = of.plan.grid.start
    record = _past(site, history, past_end, told, hold)
    draw = _Lanes(site, of, told, record, prices)
    missed = [reason for v in of.plan.violations if (reason := bound_by(v.row)) is not None]
    parts = sorted(of.plan.parts_nok.items(), key=lambda part: (part[0] != "energy", part[0] != "peak", -abs(part[1])))
    return TimelineView(
        now=now,
        made_at=of.made_at,
        expires_at=of.expires_at,
        identity=of.plan.identity,
        sources=sources_said(site, of.inputs.outlook.sources),
        past_starts=[record.at(step) for step in range(len(record))],
        past_step_s=QUARTER.total_seconds(),
        starts=[of.plan.grid.at(step) for step in range(len(of.plan.grid))],
        end=of.plan.grid.end,
        prices_until=_known_until(prices),
        lanes=[lane for lane in draw.lanes() if lane.lines],
        costs_nok=[(name, nok) for name, nok in parts if abs(nok) >= LEAST_NOK],
        grounds=[grounds_view(why, draw.names, of.promoted, of.last) for why in of.why],
        missed=[draw.names.said(reason) for reason in missed],
        cycle_at=cycle_at((of.plan, of.plant)),
    )


def sources_said(site: Site, sources: Sequence[Reason]) -> Text:
    """What a plan was made from, in words; moments by the site's clock."""
    nb, en = ("; ".join(in_words(site, _dated(site, one, language), language) for one in sources) for language in SHOWN)
    return Text(nb=nb, en=en)


def _dated(site: Site, reason: Reason, language: Language) -> Reason:
    facts = dict(reason.facts)
    for name, fact in reason.facts.items():
        if name.endswith("_at") and isinstance(fact, str):
            facts[name] = datetime.fromisoformat(fact).astimezone(site.zone_info).strftime(SHOWN[language])
    return Reason(reason.code, facts)


def _past(site: Site, history: History, end: datetime, told: dict[str, Measured], hold: timedelta) -> Record:
    """By quarters, for what the lanes show; NaN is not known."""
    shown = [of for name, of in told.items() if name.endswith(("_kw", ".degc"))]
    points = {point for of in shown for point in of.points} | set(_outdoor(site))
    points |= {point for battery in site.batteries for point in _charge(site, battery)}
    return recorded(history, points, end - PAST, end, QUARTER, hold)


def _charge(site: Site, battery: Battery) -> tuple[str, ...]:
    point = site.find(battery.devices, "state_of_charge_pct")
    return () if point is None else (point,)


def _outdoor(site: Site) -> list[str]:
    point = site.find(site.weather_station, "outdoor_temp_degc")
    return [] if point is None else [point]


def _known_until(prices: PriceSeries | None) -> datetime | None:
    """End of the last published price."""
    if prices is None:
        return None
    known = np.flatnonzero(np.isfinite(prices.values))
    return prices.start + timedelta(seconds=(int(known[-1]) + 1) * prices.step_s) if len(known) else None


class _Lanes:
    """Each lane of a timeline; one without lines is left out."""

    def __init__(
        self, site: Site, of: Newest, told: dict[str, Measured], record: Record, prices: PriceSeries | None
    ) -> None:
        self.names = Names(site, of.plant)
        self._site, self._of, self._told, self._record, self._prices = site, of, told, record, prices

    def lanes(self) -> Iterable[LaneView]:
        """From what decides to what follows."""
        yield self._price()
        yield self._weather()
        yield self._power()
        yield self._gains()
        yield self._machines()
        yield self._electric_heat()
        yield self._tanks()
        yield self._rooms()
        yield self._cars()
        yield self._district_heat()
        yield from self._batteries()

    def _price(self) -> LaneView:
        see, record = self._of.inputs.outlook, self._record
        past = np.full(len(record), np.nan)
        if self._prices is not None:
            step_s = round(record.dt_s)
            past = import_prices(self._site.tariff, self._prices, record.start, record.end, step_s)
        off = _values(see.spread.spot_nok_per_kwh) if see.spread is not None else []
        line = LineView("price", NAMES["price"], _values(past), _values(see.buy_nok_per_kwh), spread=off)
        return LaneView("price", "kr/kWh", "bars", [line])

    def _weather(self) -> LaneView:
        points = tuple(_outdoor(self._site))
        past = Measured(points, "mean").over(self._record) if points else None
        see = self._of.inputs.outlook
        off = _values(see.spread.outdoor_k) if see.spread is not None else []
        line = LineView("outdoor", NAMES["outdoor"], _values(past), _values(see.outdoor_degc), spread=off)
        return LaneView("weather", "°C", "lines", [line])

    def _power(self) -> LaneView:
        see, plan = self._of.inputs.outlook, self._of.plan
        lines = [self._line("grid.power_kw", NAMES["import"])]
        pv_off, load_off = (None, None) if see.spread is None else (see.spread.pv_kw, see.spread.base_load_kw)
        if self._of.plant.pv:
            lines.append(replace(self._line("pv.power_kw", NAMES["pv"]), spread=_values(pv_off)))
        lines.append(LineView("base", NAMES["base"], (), _values(see.base_load_kw), spread=_values(load_off)))
        peaks = [v for name, v in plan.trajectories.items() if name.startswith("peak ") and name.endswith(".basis_kw")]
        return LaneView("power", "kW", "lines", lines, limit=float(peaks[0][0]) if peaks else None)

    def _gains(self) -> LaneView:
        """Heat into the rooms, as uncertain as its people; nothing measures it."""
        see = self._of.inputs.outlook
        off = _values(see.spread.people_kw) if see.spread is not None else []
        heat = np.asarray(sum(see.gains_kw.values(), np.zeros(len(self._of.plan.grid))), dtype=np.float64)
        return LaneView("gains", "kW", "lines", [LineView("gains", NAMES["gains"], (), _values(heat), spread=off)])

    def _machines(self) -> LaneView:
        """Electricity of the machines by the tank they charge; the record knows the sum."""
        lines, past = [], self._total(f"{machines.id}.power_kw" for machines in self._of.plant.heat_pumps)
        for machines in self._of.plant.heat_pumps:
            for name, values in self._of.plan.trajectories.items():
                if name.startswith(f"{machines.id}.") and name.endswith(".power_kw"):
                    tank = name.removeprefix(f"{machines.id}.").removesuffix(".power_kw")
                    lines.append(LineView(name, self.names.of(tank), (), _values(np.maximum(values, 0.0))))
        if lines and past is not None:
            lines.append(LineView("heat_pumps", NAMES["heat_pumps"], _values(past), ()))
        return LaneView("machines", "kW", "stack", lines)

    def _electric_heat(self) -> LaneView:
        water, trajectories = self._of.plant.hot_water, self._of.plan.trajectories
        wanted = [(f"{boiler.id}.power_kw", boiler.id) for boiler in self._of.plant.boilers]
        wanted += [(f"{water.after_heater.id}.heater_kw", water.after_heater.id)] if water is not None else []
        lines = [self._line(name, self.names.of(part)) for name, part in wanted if name in trajectories]
        return LaneView("electric_heat", "kW", "stack", lines)

    def _tanks(self) -> LaneView:
        plant = self._of.plant
        buffer = [plant.buffer.node] if any(tank.role == "buffer" for tank in self._site.tanks) else []
        nodes = [*buffer, *(tank.node for tank in plant.tanks)]
        nodes += [plant.hot_water.after_heater] if plant.hot_water is not None else []
        lines = [
            self._line(f"{node.id}.degc", self.names.of(node.id), kwh_per_k=node.capacity_kwh_per_k)
            for node in nodes
            if f"{node.id}.degc" in self._of.plan.trajectories
        ]
        return LaneView("tanks", "°C", "lines", lines)

    def _rooms(self) -> LaneView:
        """Zones with the band that is promised, the one nearest its lower limit first."""
        see = self._of.inputs.outlook
        lines, margins = [], []
        for group in self._of.plant.groups:
            name = f"{group.room.id}.degc"
            degc = self._of.plan.trajectories.get(name)
            if degc is None:
                continue
            low, high = see.low_degc[group.id], see.high_degc[group.id]
            lines.append(self._line(name, self.names.of(group.id), _values(low), _values(high)))
            margins.append(float(np.min(degc - low)))
        nearest = sorted(range(len(lines)), key=lambda n: margins[n])
        return LaneView("rooms", "°C", "choice", [lines[n] for n in nearest])

    def _cars(self) -> LaneView:
        if not self._site.chargers or "cars.charging_kw" not in self._of.plan.trajectories:
            return LaneView("cars", "kW", "stack", [])
        past = self._total(["cars.charging_kw"])
        values = _values(self._of.plan.trajectories["cars.charging_kw"])
        return LaneView("cars", "kW", "stack", [LineView("cars", NAMES["cars"], _values(past), values)])

    def _district_heat(self) -> LaneView:
        networks = [n for n in self._of.plant.district_heat if f"{n.id}.heat_kw" in self._of.plan.trajectories]
        lines = [self._line(f"{network.id}.heat_kw", self.names.of(network.id)) for network in networks]
        return LaneView("district_heat", "kW", "stack", lines)

    def _batteries(self) -> Iterable[LaneView]:
        """What they take (negative while they give), and what is in them."""
        batteries = [b for b in self._site.batteries if f"{b.id}.power_kw" in self._of.plan.trajectories]
        yield LaneView("battery", "kW", "lines", [self._line(f"{b.id}.power_kw", b.name) for b in batteries])
        yield LaneView("battery_energy", "kWh", "lines", [self._stored(b) for b in batteries])

    def _stored(self, battery: Battery) -> LineView:
        name, points = f"{battery.id}.stored_kwh", _charge(self._site, battery)
        pct = Measured(points, "mean").over(self._record) if points else None
        past = None if pct is None else pct / 100 * battery.capacity_kwh
        return LineView(name, battery.name, _values(past), _values(planned(self._of.plan, name)))

    def _line(
        self,
        name: str,
        said: Text,
        low: Sequence[float | None] = (),
        high: Sequence[float | None] = (),
        kwh_per_k: float | None = None,
    ) -> LineView:
        past = self._told[name].over(self._record) if name in self._told else None
        return LineView(name, said, _values(past), _values(planned(self._of.plan, name)), low, high, kwh_per_k)

    def _total(self, wanted: Iterable[str]) -> Array | None:
        """What was measured of several quantities together; None unless all of them are."""
        found = [self._told[name].over(self._record) if name in self._told else None for name in wanted]
        known = [values for values in found if values is not None]
        return np.asarray(np.sum(known, axis=0), dtype=np.float64) if known and len(known) == len(found) else None


def _values(values: Array | None) -> list[float | None]:
    """As many digits as mean anything."""
    return [] if values is None else [round(float(v), 3) if isfinite(v) else None for v in values]
