"""The simulated building and its plant: everything the site file declares, in steps of at most a minute.

Perturbed physics: true parameters differ from the site file's (`deviations`), and instruments see them through lag,
errors and rounding (`sensors`). Control never sees this package.
"""

from collections.abc import Callable, ItemsView, Iterator, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from hil_sim.air import AirHandlers
from hil_sim.board import Board
from hil_sim.building import Building
from hil_sim.chargers import ChargePoint
from hil_sim.circuits import Circuits
from hil_sim.deviations import Deviations
from hil_sim.electrical import Electricity
from hil_sim.energy_centre import EnergyCentre
from hil_sim.heat_meters import HeatMeters
from hil_sim.outdoor import FACADES, Outdoor, Weather
from hil_sim.people import People
from hil_sim.sensors import Sensors
from hil_sim.spaces import spaces_of
from hil_sim.vessels import BOTTOM, TOP
from models.assets import ZoneKind
from models.physics.hot_water import cold_water_degc
from models.site import Site
from models.weather import WeatherSeries

LONGEST_STEP_S: Final = 60.0
SETTLING_S: Final = 1.0
"""One step before the start, so that every part has something to show at the start."""
GUST_M_S: Final = 12.0
"""Wind at which the blinds' own guard takes them up, until it has fallen by CALM_UNDER_M_S."""
CALM_UNDER_M_S: Final = 3.0


class Balance(NamedTuple):
    """An energy account since the reset [kWh]; what came in less what went out less what is stored is the error."""

    gained_kwh: float
    lost_kwh: float
    stored_kwh: float

    @property
    def error_kwh(self) -> float:
        """Zero when energy is conserved."""
        return self.gained_kwh - self.lost_kwh - self.stored_kwh


class Observations(Mapping[str, float | None]):
    """Readings by point id over one list, read when somebody first looks: a dictionary of 600 points would cost more
    than the physics of some parts.
    """

    def __init__(self, ids: tuple[str, ...], index: Mapping[str, int], read: Callable[[], list[float]]) -> None:
        self._ids, self._index, self._read = ids, index, read
        self._values: list[float] | None = None

    def __getitem__(self, point: str) -> float | None:
        values = self._values
        if values is None:
            values = self._values = self._read()
        return values[self._index[point]]

    def items(self) -> ItemsView[str, float | None]:
        """All readings at once, many times faster than one by one."""
        values = self._values
        if values is None:
            values = self._values = self._read()
        return dict(zip(self._ids, values, strict=True)).items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class SimulatedPlant:
    """Satisfies `hil_sim.ports.Plant`; `create` makes one."""

    def __init__(self, site: Site, weather: WeatherSeries) -> None:
        self.site = site
        self._outdoor = Outdoor(site, weather)
        self._zone_info = site.zone_info
        self._started = False
        self._length = timedelta(0)

    def reset(self, start: datetime, seed: int) -> Mapping[str, float | None]:
        """A settled plant at `start` (UTC), its deviations, people and instruments drawn from `seed`."""
        site = self.site
        self._reset_at = start
        self.now = start - timedelta(seconds=SETTLING_S)
        self.board = board = Board(site)
        deviations = Deviations(seed)
        spaces = spaces_of(site)
        local = start.astimezone(self._zone_info)
        self.weather = weather = self._outdoor.at(start)
        self.people = People(site, spaces, deviations, seed)
        self.people.turn(local)
        self.building = Building(site, board, spaces, deviations)
        services = [
            n
            for n, s in enumerate(spaces)
            if s.zone.kind is ZoneKind.SERVICE and s.zone.persons == 0 and s.room is None
        ]
        self._plant_room = services[0] if services else 0
        self.building.wire_waste(self._plant_room)
        self.building.settle(site, self.people, weather)
        self.circuits = Circuits(site, board, deviations)
        self.circuits.settle(site, weather.temp_degc)
        self.air = AirHandlers(site, board, deviations)
        self.centre = EnergyCentre(site, board, deviations, local.month)
        self.centre.settle(weather)
        self.chargers = [ChargePoint(asset, board, seed, n) for n, asset in enumerate(site.chargers)]
        for charger in self.chargers:
            charger.settle(local)
        self.electricity = Electricity(site, board, self._parts(), deviations)
        self.heat_meters = HeatMeters(site, board, self.centre.metered)
        self._day_of_month, self._cold_degc = -1, 7.0
        self._blinds(site)
        self._sensors = Sensors(board.points, seed)
        self._start = (
            self.building.stored_j(),
            self.centre.stored_j(),
            self.centre.tap.stored_j() if self.centre.tap else 0.0,
        )
        self._failures = self._failable()
        self._wearable = self._wearing()
        self._advance(SETTLING_S)
        self._publish()
        self._started = True
        return self._observe(SETTLING_S)

    def step(self, commands: Mapping[str, float | None], dt_s: float) -> Mapping[str, float | None]:
        """Advance by `dt_s` under the commands; KeyError for a command the site has no point for."""
        if not self._started:
            raise RuntimeError("reset() the plant before its first step")
        self.board.apply(commands)
        count = ceil(dt_s / LONGEST_STEP_S)
        for _ in range(count):
            self._advance(dt_s / count)
        self._publish()
        return self._observe(dt_s)

    def truth(self) -> Mapping[str, float]:
        """Exact values of all points at the end of the last step."""
        return self.board.named()

    def fail(self, asset: str, failed: bool) -> None:
        """Break or repair an asset; KeyError names what can fail.

        Heat pumps, boilers, substations, inverters, batteries, chargers, air-handling units; the pump of a circuit, of
        the wells or of a field of collectors; the heater of the hot water; the flow of a circulation loop.
        """
        if asset not in self._failures:
            raise KeyError(f"'{asset}' cannot fail; these can: {', '.join(sorted(self._failures))}")
        owner, attribute = self._failures[asset]
        if isinstance(owner, list):
            owner[int(attribute)] = failed
        else:
            setattr(owner, attribute, failed)

    def wear(self, asset: str, fault: str, amount: float) -> None:
        """Let a part do worse than it should by a share (0: sound again); KeyError names what can.

        `cop_loss` of a heat pump: power above a sound one's for the same heat. `valve_leak` of an air-handling unit:
        of its heating coil's output, with the valve shut. `overlap` of one: least opening of its cooling valve while
        there is anything to cool with. `loop_loss` of a circulation loop: heat lost above a sound one's. `backflow`
        of a field of collectors: of the design flow, backwards through a standing pump. `string_loss` of an inverter:
        of its panels.
        """
        if (fault, asset) not in self._wearable:
            known = ", ".join(sorted(f"{name} of {of}" for name, of in self._wearable))
            raise KeyError(f"no {fault} of '{asset}'; there are: {known}")
        owner, attribute = self._wearable[fault, asset]
        if isinstance(owner, list):
            owner[int(attribute)] = amount
        else:
            setattr(owner, attribute, amount)

    def shortfalls(self) -> dict[str, float]:
        """What the building went without since the reset, for scoring: zero is good.

        `over_fuse_s` time above the main fuse, `car_kwh` energy cars lacked when they left, `cold_tap_l` water (at
        60 degC) that was asked for while the heater was below 40 degC.
        """
        return {
            "over_fuse_s": self.electricity.over_fuse_s,
            "car_kwh": sum(charger.unserved_kwh for charger in self.chargers),
            "cold_tap_l": self.centre.tap.unserved_l if self.centre.tap else 0.0,
        }

    def balance(self) -> dict[str, Balance]:
        """Energy accounts since the reset: building, tanks, hot water, electricity."""
        centre, building, electricity = self.centre, self.building, self.electricity
        kwh = 1 / 3.6e6
        accounts = {
            "building": Balance(
                building.gained_j * kwh, building.lost_j * kwh, (building.stored_j() - self._start[0]) * kwh
            ),
            "tanks": Balance(
                centre.made_j * kwh,
                (centre.used_j + centre.lost_j()) * kwh,
                (centre.stored_j() - self._start[1]) * kwh,
            ),
            "electricity": Balance(
                electricity.import_kwh - electricity.export_kwh, float(electricity.energy_kwh.sum()), 0.0
            ),
        }
        if (tap := centre.tap) is not None:
            stored = (tap.stored_j() - self._start[2]) * kwh
            accounts["hot_water"] = Balance(tap.gained_j * kwh, (tap.lost_j + tap.served_j) * kwh, stored)
        for pack in electricity.batteries:
            accounts[pack.asset.id] = Balance(
                pack.charged_kwh, pack.discharged_kwh + pack.lost_kwh, pack.stored_kwh - pack.first_kwh
            )
        return accounts

    def energy_by_part_kwh(self) -> dict[str, float]:
        """Electricity of every part since the reset, by asset id; generation is negative."""
        return dict(zip(self._parts(), self.electricity.energy_kwh.tolist(), strict=True))

    @property
    def elapsed_s(self) -> float:
        """Time since the reset."""
        return (self.now - self._reset_at).total_seconds()

    def _parts(self) -> list[str]:
        site = self.site
        parts = [asset.id for group in (site.heat_pumps, site.boilers) for asset in group]
        parts += [asset.id for asset in (site.hot_water, site.wells) if asset]
        rest = (site.collectors, site.air_handling, site.circuits, site.zones, site.chargers, site.pv, site.batteries)
        return parts + [asset.id for group in rest for asset in group]

    def _failable(self) -> dict[str, tuple[object, str]]:
        centre, site = self.centre, self.site
        table: dict[str, tuple[object, str]] = {m.asset.id: (m, "failed") for m in centre.machines}
        table |= {boiler.id: (boiler, "failed") for boiler in centre.boilers}
        table |= {substation.asset.id: (substation, "failed") for substation in centre.substations}
        table |= {field.asset.id: (field, "pump_failed") for field in centre.solar}
        table |= {pack.asset.id: (pack, "failed") for pack in self.electricity.batteries}
        table |= {a.id: (i, "failed") for a, i in zip(site.pv, self.electricity.inverters, strict=True)}
        table |= {a.id: (c, "failed") for a, c in zip(site.chargers, self.chargers, strict=True)}
        table |= {c.id: (self.circuits.failed, str(n)) for n, c in enumerate(site.circuits)}
        table |= {a.id: (self.air.failed, str(n)) for n, a in enumerate(site.air_handling)}
        if site.hot_water and centre.tap:
            table |= {loop.id: (centre.tap.loops_failed, str(n)) for n, loop in enumerate(site.hot_water.loops)}
        for asset, part, flag in (
            (site.wells, centre.wells, "pump_failed"),
            (site.hot_water, centre.tap, "heater_failed"),
        ):
            if asset is not None and part is not None:
                table[asset.id] = (part, flag)
        return table

    def _wearing(self) -> dict[tuple[str, str], tuple[object, str]]:
        """What can be worn, and where that stands, by (fault, asset)."""
        centre, site = self.centre, self.site
        table: dict[tuple[str, str], tuple[object, str]] = {
            ("cop_loss", m.asset.id): (m, "cop_loss") for m in centre.machines
        }
        inverters = zip(site.pv, self.electricity.inverters, strict=True)
        table |= {("string_loss", a.id): (i, "string_loss") for a, i in inverters}
        table |= {("valve_leak", a.id): (self.air.valve_leak, str(n)) for n, a in enumerate(site.air_handling)}
        table |= {("overlap", a.id): (self.air.overlap, str(n)) for n, a in enumerate(site.air_handling)}
        if site.hot_water and centre.tap:
            loops = enumerate(site.hot_water.loops)
            table |= {("loop_loss", loop.id): (centre.tap.loop_loss, str(n)) for n, loop in loops}
        return table | {("backflow", field.asset.id): (field, "backflow") for field in centre.solar}

    def _blinds(self, site: Site) -> None:
        self._windy = False
        self._blind_positions = [
            (FACADES.index(b.facade), self.board.command(b.devices, "position_pct", 0.0)) for b in site.blinds
        ]
        names = ("outdoor_temp_degc", "humidity_pct", "wind_m_per_s", "irradiance_w_per_m2")
        self._station_shown = self.board.stretch([self.board.out(site.weather_station, name) for name in names])
        self._alarms_shown = self.board.stretch([self.board.out(b.devices, "wind_alarm") for b in site.blinds])

    def _advance(self, dt_s: float) -> None:
        """One step of at most a minute."""
        if dt_s != self._length.total_seconds():
            self._length = timedelta(seconds=dt_s)
        self.now += self._length
        local = self.now.astimezone(self._zone_info)
        self.weather = weather = self._outdoor.at(self.now)
        people, centre, building = self.people, self.centre, self.building
        people.turn(local)
        water = self.circuits.mix(dt_s, centre.buffer_top_degc)
        cool = (centre.wells.cooling_degc, centre.wells.cooling_limit_w) if centre.wells else (99.0, 0.0)
        self.air.step(dt_s, weather, water, building.extract(), *cool)
        waste = (centre.tap.loop_kw * 1000 if centre.tap else 0.0, centre.waste_w())
        emission = building.step(
            dt_s, weather, people, self._shading(weather), water, self.air.supply_degc, self.air.share, waste
        )
        heat_w = [one + other for one, other in zip(emission.heat_w, self.air.heat_w, strict=True)]
        opening = [max(one, other) for one, other in zip(emission.opening, self.air.coil_opening, strict=True)]
        flow, power_w = self.circuits.draw(heat_w, opening, centre.buffer_top_degc)
        centre.buffer.pass_through(TOP, BOTTOM, flow, -power_w)
        if local.day != self._day_of_month:
            self._day_of_month = local.day
            self._cold_degc = cold_water_degc(local.timetuple().tm_yday)
        drawn = (people.drawn_l(local, dt_s), self._cold_degc)
        room = float(building.temps[self._plant_room])
        centre.step(dt_s, weather, self.circuits, drawn, self.air.cooling_w, room)
        self.electricity.step(dt_s, self.now, weather, self._powers_kw(dt_s, local))
        self.heat_meters.step(dt_s, centre.flows(self.circuits))

    def _powers_kw(self, dt_s: float, local: datetime) -> list[float]:
        """In the order of `_parts`, arrays and batteries left out."""
        powers = self.centre.powers_kw()
        powers += self.air.fan_kw
        powers += self.circuits.pump_kw
        powers += self.people.zone_kw
        powers += [charger.step(dt_s, local) for charger in self.chargers]
        return powers

    def _shading(self, weather: Weather) -> list[float]:
        """Closed share of each facade's blinds, their wind guard considered."""
        self._windy = weather.wind_m_s > GUST_M_S or (self._windy and weather.wind_m_s > GUST_M_S - CALM_UNDER_M_S)
        closed = [0.0] * len(FACADES)
        if not self._windy:
            for facade, position in self._blind_positions:
                closed[facade] = self.board.held[position] / 100
        return closed

    def _publish(self) -> None:
        board, weather = self.board, self.weather
        board.shown[self._station_shown] = (
            weather.temp_degc,
            weather.humidity_pct,
            weather.wind_m_s,
            weather.ghi_w_m2,
        )
        board.shown[self._alarms_shown] = [self._windy] * len(self._blind_positions)
        self.building.publish()
        self.circuits.publish()
        self.centre.publish(weather.temp_degc)
        self.air.publish()
        for charger in self.chargers:
            charger.publish(self.electricity.volts)
        self.electricity.publish(weather)
        self.heat_meters.publish()
        board.collect()

    def _observe(self, dt_s: float) -> "Observations":
        board = self.board
        return Observations(board.ids, board.index, self._sensors.follow(board.values[: board.scrap], dt_s))


def create(site: Site, weather: WeatherSeries) -> SimulatedPlant:
    """The built-in plant for this site under this weather."""
    return SimulatedPlant(site, weather)
