"""Air-handling units with their own controllers: recovery first, then the heating coil, or bypass and cooling coil."""

from typing import Final, NamedTuple

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.outdoor import Weather
from models.assets import AirHandling
from models.physics.ventilation import COIL_EXPONENT, air_w_per_k, coil_w, fan_kw, modulated_recovery, recovery_at_flow
from models.site import Site

COIL_RATED_K: Final = 22.0
"""Water less entering air at which a heating coil gives its rating (40 degC water, air from a winter's recovery)."""
COOLING_RATED_K: Final = 12.0
FLOW_LAG_S: Final = 90.0
COIL_LAG_S: Final = 90.0
FAN_HEAT_SHARE: Final = 0.5
"""Of the fans' power that warms the supply air: the supply fan's."""
FROST_WATER_DEGC: Final = 8.0
FROST_AIR_DEGC: Final = 3.0
FROST_EXHAUST_DEGC: Final = -15.0
"""Colder exhaust would ice the rotor: the unit recovers less."""

_SIGNALS: Final = (
    "outdoor_temp_degc",
    "supply_temp_degc",
    "extract_temp_degc",
    "exhaust_temp_degc",
    "supply_flow_m3_per_h",
    "recovery_pct",
    "heating_coil_valve_pct",
    "cooling_coil_valve_pct",
    "fan_power_kw",
    "extract_co2_ppm",
    "frost_alarm",
)


class _Unit(NamedTuple):
    asset: AirHandling
    setpoint: int
    request: int
    circuit: int
    recovery: float
    fan_factor: float
    heating_w: float
    cooling_w: float
    shown: slice

    def at_share(self, share: float) -> tuple[float, float, float, float, float, float]:
        """(share, fans [kW], recovery 0..1, flow factor of the coils, [W/K], warming by the fan [K]) at a flow."""
        asset = self.asset
        fan = fan_kw(asset.sfp_kw_per_m3_s * self.fan_factor, asset.flow_m3_per_h, share)
        rate = max(air_w_per_k(asset.flow_m3_per_h * share), 1e-6)
        warmer = FAN_HEAT_SHARE * fan * 1000 / rate if share > 0 else 0.0
        return share, fan, recovery_at_flow(self.recovery, share), share**COIL_EXPONENT, rate, warmer


class AirHandlers:
    """Supply air of all units, and what they take from circuits, wells and the grid."""

    def __init__(self, site: Site, board: Board, deviations: Deviations) -> None:
        self._board = board
        circuits = [c.id for c in site.circuits]
        self._units = [
            _Unit(
                a,
                board.command(a.devices, "supply_setpoint_degc", 19.0),
                board.command(a.devices, "airflow_request_pct", 100.0),
                circuits.index(a.circuit),
                min(a.recovery * deviations.factor("recovery", a.id), 0.92),
                deviations.factor("fan", a.id),
                a.heating_coil_kw * 1000,
                a.cooling_coil_kw * 1000,
                board.stretch([board.out(a.devices, signal) for signal in _SIGNALS]),
            )
            for a in site.air_handling
        ]
        count = len(self._units)
        self._circuit_count = len(circuits)
        self.failed = [False] * count
        self.valve_leak = [0.0] * count
        """Share of its full output that a heating coil gives with its valve shut."""
        self.overlap = [0.0] * count
        """Least opening of a cooling valve, as a share, whatever the heating valve does."""
        self.share = [1.0] * count
        self._at_share = [(-1.0, 0.0, 0.0, 0.0, 0.0, 0.0)] * count
        self.supply_degc = [19.0] * count
        self.fan_kw = [0.0] * count
        self._coil_w = [0.0] * count
        self._frozen = [False] * count
        self._shown: list[tuple[float, ...]] = [()] * count
        self._users = [max(sum(a.circuit == c for a in site.air_handling), 1) for c in circuits]
        self.heat_w = [0.0] * len(circuits)
        self.coil_opening = [0.0] * len(circuits)
        self.cooling_w = 0.0

    def step(
        self,
        dt_s: float,
        weather: Weather,
        water_degc: list[float],
        extract: tuple[list[float], list[float]],
        cool_degc: float,
        cooling_limit_w: float,
    ) -> None:
        """Advance by `dt_s`; `cool_degc` is the water of the cooling coils, whose sum stays below the limit."""
        self.heat_w = [0.0] * self._circuit_count
        self.coil_opening = [0.0] * self._circuit_count
        self.cooling_w = 0.0
        for place, unit in enumerate(self._units):
            water = water_degc[unit.circuit]
            cooled, valve = self._unit_step(dt_s, place, unit, weather, water, extract, cool_degc, cooling_limit_w)
            cooling_limit_w -= cooled
            self.cooling_w += cooled
            self.heat_w[unit.circuit] += self._coil_w[place]
            self.coil_opening[unit.circuit] += valve / self._users[unit.circuit]

    def _unit_step(
        self,
        dt_s: float,
        place: int,
        unit: _Unit,
        weather: Weather,
        water_degc: float,
        extract: tuple[list[float], list[float]],
        cool_degc: float,
        cooling_limit_w: float,
    ) -> tuple[float, float]:
        """(cooling [W], heating coil valve 0..1) of one unit."""
        asset, held = unit.asset, self._board.held
        wanted_share = 0.0 if self._frozen[place] or self.failed[place] else held[unit.request] / 100
        share = self.share[place]
        if share != wanted_share:
            share += (wanted_share - share) * min(dt_s / FLOW_LAG_S, 1.0)
            if abs(wanted_share - share) < 1e-3:
                share = wanted_share
            self.share[place] = share = share if share > 0.01 else 0.0
        if share != self._at_share[place][0]:  # powers of the flow are dear, and the flow seldom moves
            self._at_share[place] = unit.at_share(share)
        _, fan, best, coil_share, rate, warmer = self._at_share[place]
        self.fan_kw[place] = fan
        setpoint, outdoor, warm = held[unit.setpoint], weather.temp_degc, extract[0][place]
        if warm > outdoor + 1.0:
            best = min(best, max((warm - FROST_EXHAUST_DEGC) / (warm - outdoor), 0.0))
        efficiency = modulated_recovery(best, outdoor, warm, setpoint - warmer)
        entering = outdoor + efficiency * (warm - outdoor)
        lacking = rate * (setpoint - warmer - entering)
        most = max(coil_w(unit.heating_w, COIL_RATED_K, coil_share, water_degc, entering), 0.0)
        chill = cooled = 0.0
        if cooling_limit_w > 0:
            chill = max(-coil_w(unit.cooling_w, COOLING_RATED_K, coil_share, cool_degc, entering), 0.0)
            chill = min(chill, cooling_limit_w)
            wanted = max(-lacking, self.overlap[place] * chill, 0.0)
            cooled = min(wanted, chill) if share > 0 else 0.0
            lacking += cooled  # what was not asked for, the heating coil makes good
        leaking = self.valve_leak[place] * most
        coil = self._coil_w[place]
        if coil or lacking > 0 or leaking > 0:
            coil += (min(max(lacking, leaking, 0.0), most) - coil) * min(dt_s / COIL_LAG_S, 1.0)
            self._coil_w[place] = coil = min(coil, most)
        supply = entering + (coil - cooled) / rate + warmer if share > 0 else self.supply_degc[place]
        self.supply_degc[place] = supply
        self._frozen[place] = frozen = (
            water_degc < FROST_WATER_DEGC
            and outdoor < 0.0
            and (self._frozen[place] or (share > 0 and entering < FROST_AIR_DEGC))
        )
        valve = coil / most if most > 0 else float(lacking > 0)
        shown = max(valve - self.valve_leak[place], 0.0)
        self._shown[place] = (
            outdoor,
            supply,
            warm,
            warm - efficiency * (warm - outdoor),
            asset.flow_m3_per_h * share,
            efficiency * 100,
            shown * 100,
            cooled / chill * 100 if chill > 0 else 0.0,
            fan,
            extract[1][place],
            frozen,
        )
        return cooled, valve

    def publish(self) -> None:
        """True values to the board."""
        board = self._board
        for unit, shown in zip(self._units, self._shown, strict=True):
            board.shown[unit.shown] = shown
