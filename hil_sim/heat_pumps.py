"""One heat pump with its own controller: compressors, diverting valve, thermostat, safety chain, counters.

The system asks for a number of compressors (`stage_request`) and a supply set point. The machine runs them unless its
own thermostat is satisfied (leaving water STOP_OVER_K above the set point, until the tank's top is RESTART_UNDER_K
below it) or its safety chain has opened. Given back, it holds 35 degC in the buffer on its own.
A make without stage requests modulates by its set point alone; one with a capacity request gives that share.
"""

import math
from typing import Final, NamedTuple

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.vessels import BOTTOM, TOP, Vessel
from models.assets import HeatPump
from models.physics.heat_pump import Certified, Envelope, fit_heat_pump, operate, outside_envelope
from models.physics.tank import WATER_J_PER_KG_K

DESIGN_RISE_K: Final = 7.5
"""Over the condenser; its pump follows the compressors."""
BRINE_FALL_K: Final = 3.5
START_S: Final = 75.0
"""Time constant with which a started compressor comes to its heat; it takes its power at once."""
SECOND_AFTER_S: Final = 60.0
RESTART_BLOCK_S: Final = 300.0
STOP_OVER_K: Final = 4.0
RESTART_UNDER_K: Final = 1.0
AIR_MIN_DEGC: Final = -25.0
AIR_LIMITS_DEGC: Final = (40.0, -40.0)
"""Source in at most, source out at least, of an air-source machine."""
STANDBY_KW: Final = 0.06
PUMPS_KW: Final = 0.12
"""Condenser pump against the pipes outside the machine, at design flow: what EN 14511 leaves out."""
OFF, HOT_WATER, HEATING = 10, 20, 30
STOPPED, STARTING, RUNNING = 20, 40, 60
_SIGNALS: Final = (
    "outdoor_temp_degc",
    "supply_temp_degc",
    "return_temp_degc",
    "brine_in_temp_degc",
    "brine_out_temp_degc",
    "condenser_out_temp_degc",
    "discharge_temp_degc",
    "suction_temp_degc",
    "calculated_supply_temp_degc",
    "degree_minutes",
    "priority",
    "compressor_1_state",
    "starts_1",
    "starts_2",
    "heat_energy_kwh",
    "alarm_code",
    "compressor_1_on",
    "compressor_2_on",
    "fault",
    "release_ok",
    "buffer_temp_degc",
    "hot_water_top_temp_degc",
    "hot_water_bottom_temp_degc",
    "compressor_speed_rpm",
    "compressor_speed_pct",
    "condenser_pump_pct",
    "brine_pump_pct",
    "compressor_on",
    "high_pressure",
    "class_a_alarm",
)
"""Of every make we know, in the order of `publish`; what a device lacks goes to the scrap."""


class Duty(NamedTuple):
    """What the machine did in a step."""

    heat_w: float
    power_kw: float
    extracted_kw: float
    flow_kg_per_s: float


class Machine:
    """One heat pump."""

    def __init__(self, asset: HeatPump, board: Board, deviations: Deviations) -> None:
        self.asset = asset
        self._board = board
        points = [Certified(**p.model_dump()) for p in asset.certified]
        wells = asset.source == "wells"
        coldest = AIR_MIN_DEGC if asset.lowest_outdoor_degc is None else asset.lowest_outdoor_degc
        limits = (-6.0, 25.0, asset.brine_out_min_degc) if wells else (coldest, *AIR_LIMITS_DEGC)
        envelope = Envelope(asset.supply_max_degc, asset.return_max_degc, *limits)
        self._model = fit_heat_pump(points, asset.source, envelope)
        self._stages = len(self._model.stages)
        self._heat_factor = deviations.factor("heat_pump_heat", asset.id)
        self._power_factor = deviations.factor("heat_pump_power", asset.id)
        self._rated_kw = self._model.stages[-1].heat_kw
        self._by_setpoint = board.out(asset.devices, "stage_request") == board.scrap
        self._by_request = board.out(asset.devices, "capacity_request_pct") != board.scrap
        self._wire(board, asset)
        self.failed = False
        self.cop_loss = 0.0
        """Power above a sound machine's for the same heat, as a share."""
        self.blocked = False
        """By what it depends on: no brine flow."""
        self.compressors = 0
        self.level = 0.0
        self.duty = Duty(0.0, STANDBY_KW, 0.0, 0.0)
        self.supply_degc = self.return_degc = 30.0
        self.brine_out_degc = 5.0
        self._heat_kw = 0.0
        self._ran_s = 0.0
        self._rest_s = 3600.0
        self._satisfied = False
        self._chain_open = False
        self._charging = False
        self._starts = [0, 0]
        self._energy_kwh = 0.0
        self._degree_minutes = 0.0
        self._discharge_degc = 30.0

    def _wire(self, board: Board, asset: HeatPump) -> None:
        devices = asset.devices
        self._stage = board.command(devices, "stage_request", float(self._stages))
        fixed = board.out(devices, "fixed_supply_setpoint_degc") != board.scrap
        self._capacity = board.command(devices, "capacity_request_pct", 100.0)
        self._setpoint = board.command(devices, "fixed_supply_setpoint_degc" if fixed else "supply_setpoint_degc", 35.0)
        self._fixed = board.command(devices, "fixed_supply_enabled", 1.0)
        self._hot_water = board.command(devices, "hot_water_duty", 0.0)
        self._own_hot_water = board.command(devices, "hot_water_enabled", 0.0)
        self._mode = board.command(devices, "operating_mode", 0.0)
        self._shown = board.stretch([board.out(devices, name) for name in _SIGNALS])

    @property
    def charging(self) -> bool:
        """Whether the diverting valve stands to the tap-water tank."""
        return self._charging

    def step(
        self,
        dt_s: float,
        source_degc: float,
        outdoor_degc: float,
        buffer: Vessel,
        tank: Vessel | None,
        tank_degc: float,
    ) -> Duty:
        """Advance by `dt_s` with brine (or air) at `source_degc`; `tank_degc` is what the tap-water tank is held at."""
        held = self._board.held
        charging = self._divert(held, tank, tank_degc)
        target = tank if charging and tank is not None else buffer
        setpoint = self._wanted_degc(held, outdoor_degc, charging, tank_degc)
        self.return_degc = back = target.temps[BOTTOM]
        self._protect(dt_s, source_degc, back)
        wanted = self._level(held, setpoint, target.temps[TOP])
        self._switch(dt_s, wanted)
        self.duty = self._run(dt_s, source_degc) if self.compressors else self._stand(dt_s, source_degc, target)
        target.pass_through(BOTTOM, TOP, self.duty.flow_kg_per_s, self.duty.heat_w)
        self._count(dt_s, setpoint, buffer.temps[TOP])
        return self.duty

    def _stand(self, dt_s: float, source_degc: float, target: Vessel) -> Duty:
        self._heat_kw = 0.0
        self.supply_degc += (target.temps[TOP] - self.supply_degc) * min(dt_s / 600, 1.0)
        self.brine_out_degc += (source_degc - self.brine_out_degc) * min(dt_s / 600, 1.0)
        return Duty(0.0, STANDBY_KW, 0.0, 0.0)

    def _run(self, dt_s: float, source_degc: float) -> Duty:
        """Heat lags behind after a start, power is there at once; both by the leaving water of the last step."""
        load = max(self.level / self._stages, 0.3)
        rate_kw_per_k = self._rated_kw / DESIGN_RISE_K * load
        rise = max(self._heat_kw / rate_kw_per_k, 0.5 * DESIGN_RISE_K)
        supply = min(max(self.return_degc + rise, 20.0), self.asset.supply_max_degc + 5)
        rated = operate(self._model, source_degc, supply, self.level)
        steady = rated.heat_kw * self._heat_factor
        compressors_kw = rated.power_kw * self._power_factor * (1 + self.cop_loss)
        lacking = max(steady - self._heat_kw, 0.0)
        fading = math.exp(-dt_s / START_S)
        mean_kw = steady - lacking * START_S / dt_s * (1 - fading)
        self._heat_kw = steady - lacking * fading
        extracted = max(mean_kw - compressors_kw, 0.0)
        self.supply_degc = self.return_degc + mean_kw / rate_kw_per_k
        self.brine_out_degc = source_degc - extracted * BRINE_FALL_K / (0.78 * self._rated_kw * load)
        power = compressors_kw + PUMPS_KW * self.level / self._stages
        return Duty(mean_kw * 1000, power, extracted, rate_kw_per_k * 1000 / WATER_J_PER_KG_K)

    def _divert(self, held: list[float], tank: Vessel | None, tank_degc: float) -> bool:
        if tank is None or not self.asset.serves_hot_water:
            charging = False
        elif held[self._own_hot_water] >= 0.5:
            top = tank.temps[TOP]
            charging = top < tank_degc - 5 or (self._charging and tank.temps[BOTTOM - 1] < tank_degc - 3)
        else:
            charging = held[self._hot_water] >= 0.5
        if charging != self._charging:
            self._satisfied = False
        self._charging = charging
        return charging

    def _wanted_degc(self, held: list[float], outdoor_degc: float, charging: bool, tank_degc: float) -> float:
        if charging and held[self._own_hot_water] >= 0.5:
            return tank_degc + 4
        if held[self._fixed] < 0.5:
            return min(max(33.0 - 0.4 * outdoor_degc, 25.0), 50.0)  # its own curve
        return held[self._setpoint]

    def _protect(self, dt_s: float, source_degc: float, back_degc: float) -> None:
        self._rest_s += dt_s
        limits = self._model.envelope
        if self.compressors and outside_envelope(limits, self.supply_degc, back_degc, source_degc, self.brine_out_degc):
            self._chain_open = True
        elif self._chain_open and self._rest_s >= RESTART_BLOCK_S:
            cool = back_degc < limits.return_max_degc - 2 and self.supply_degc < limits.supply_max_degc - 3
            self._chain_open = not cool

    def _level(self, held: list[float], setpoint_degc: float, top_degc: float) -> float:
        """Compressors to run (whole for a staged machine)."""
        if self.failed or self.blocked or self._chain_open or held[self._mode] >= 1.5:
            return 0.0
        if self.compressors and self.supply_degc > setpoint_degc + STOP_OVER_K:
            self._satisfied = True
        elif top_degc < setpoint_degc - RESTART_UNDER_K:
            self._satisfied = False
        if self._satisfied:
            return 0.0
        if self._by_setpoint:
            return self._stages * self._part((setpoint_degc + 2.0 - top_degc) / 4.0)
        if self._by_request:
            return self._stages * self._part(held[self._capacity] / 100) if held[self._stage] >= 0.5 else 0.0
        return min(round(held[self._stage]), self._stages)

    def _part(self, share: float) -> float:
        return min(max(share, self.asset.least_share), 1.0)

    def _switch(self, dt_s: float, wanted: float) -> None:
        whole = math.ceil(wanted)
        if self.compressors == 0 and whole > 0 and self._rest_s >= RESTART_BLOCK_S:
            self.compressors = 1
            self._ran_s = 0.0
            self._starts[0] += 1
        elif self.compressors > 0:
            self._ran_s += dt_s
            if whole > self.compressors and self._ran_s >= SECOND_AFTER_S:
                self.compressors += 1
                self._starts[1] += 1
            elif whole < self.compressors:
                self.compressors = whole
                if whole == 0:
                    self._rest_s = 0.0
        self.level = min(wanted, float(self.compressors))

    def _count(self, dt_s: float, setpoint_degc: float, buffer_degc: float) -> None:
        self._energy_kwh += self.duty.heat_w * dt_s / 3.6e6
        minutes = self._degree_minutes + (buffer_degc - setpoint_degc) * dt_s / 60
        self._degree_minutes = min(max(minutes, -1000.0), 100.0)
        hot = self.supply_degc + 28.0 if self.compressors else 25.0
        self._discharge_degc += (hot - self._discharge_degc) * min(dt_s / 240, 1.0)

    def publish(self, outdoor_degc: float, source_degc: float, tank_degc: float, buffer: Vessel, tank: Vessel) -> None:
        """True values to the board."""
        setpoint_degc = self._wanted_degc(self._board.held, outdoor_degc, self._charging, tank_degc)
        on = self.compressors
        share = self.level / self._stages
        pumps = 100 * max(share, 0.3) if on else 0.0
        self._board.shown[self._shown] = (
            outdoor_degc,
            buffer.temps[TOP],
            self.return_degc,
            source_degc,
            self.brine_out_degc,
            self.supply_degc,
            self._discharge_degc,
            self.brine_out_degc - 3.0 if on else 15.0,
            setpoint_degc,
            self._degree_minutes,
            (HOT_WATER if self._charging else HEATING) if on else OFF,
            (STARTING if self._ran_s < SECOND_AFTER_S else RUNNING) if on else STOPPED,
            *self._starts,
            self._energy_kwh,
            self.failed,
            on >= 1,
            on >= 2,
            self.failed,
            not (self._chain_open or self.failed or self.blocked),
            buffer.temps[TOP],
            tank.temps[TOP],
            tank.temps[BOTTOM],
            6000 * share,
            100 * share,
            pumps,
            pumps,
            on >= 1,
            self._chain_open,
            self.failed,
        )
