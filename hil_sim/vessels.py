"""Tanks of heating water: streams and heat are collected during a step, then the tank is advanced once."""

from typing import Final

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from models.assets import Tank
from models.physics.tank import WATER_J_PER_KG_K, WATER_KG_PER_M3, Stream, step_tank, stored_j

LAYERS: Final = 6
SENSOR_LAYERS: Final = (0, 2, 3, 5)
CONDUCTION_W_PER_K: Final = 6.0
"""Between layers: water and steel wall, and the unrest that streams cause."""
TOP: Final = 0
BOTTOM: Final = LAYERS - 1
SUPPLYING: Final = 4
"""Layers from the top that a substation keeps warm; below them comes the return."""


class Vessel:
    """One stratified tank; `temps[0]` is its top."""

    def __init__(self, volume_m3: float, loss_w_per_k: float, max_degc: float, outs: tuple[int, ...]) -> None:
        self.temps = [30.0] * LAYERS
        self.max_degc = max_degc
        self._layer_kg = volume_m3 * WATER_KG_PER_M3 / LAYERS
        self._loss_w_per_k = loss_w_per_k
        self.outs = outs
        """Where the temperatures of SENSOR_LAYERS are shown; none for a tank without sensors."""
        self._streams: list[Stream] = []
        self._power_w = 0.0
        self._heating = [0.0] * LAYERS
        self.gained_j = 0.0
        self.lost_j = 0.0
        self.loss_w = 0.0

    @classmethod
    def of(cls, tank: Tank, board: Board, deviations: Deviations) -> "Vessel":
        """The tank of the site, its loss as it really is."""
        outs = tuple(board.out(tank.devices, f"layer_{n}_temp_degc") for n in (1, 2, 3, 4))
        loss = tank.loss_w_per_k * deviations.factor("tank_loss", tank.id)
        return cls(tank.volume_m3, loss, tank.max_degc, outs)

    def fill(self, top_degc: float, bottom_degc: float) -> None:
        """Even fall from top to bottom."""
        self.temps = [top_degc + (bottom_degc - top_degc) * n / BOTTOM for n in range(LAYERS)]

    def pass_through(self, leaves: int, enters: int, flow_kg_per_s: float, power_w: float) -> None:
        """Water leaves and comes back `power_w` richer."""
        if flow_kg_per_s > 0 or power_w:
            self._streams.append(Stream(leaves, enters, flow_kg_per_s, power_w))
            self._power_w += power_w

    def flow_for(self, power_w: float, difference_k: float) -> float:
        """Flow [kg/s] that carries `power_w` at a temperature difference."""
        return abs(power_w) / (WATER_J_PER_KG_K * max(difference_k, 1.0))

    def lacking_j(self, degc: float, dt_s: float) -> float:
        """Heat that brings its upper layers to `degc` within `dt_s`, streams collected so far considered [J]."""
        short_k = sum(max(degc - temp, 0.0) for temp in self.temps[:SUPPLYING])
        return max(short_k * self._layer_kg * WATER_J_PER_KG_K - self._power_w * dt_s, 0.0)

    def advance(self, dt_s: float, ambient_degc: float) -> None:
        """One step with the streams collected since the last one."""
        self.gained_j += self._power_w * dt_s
        self.temps, loss_j = step_tank(
            self.temps,
            self._layer_kg,
            self._streams,
            self._heating,
            self._loss_w_per_k,
            ambient_degc,
            CONDUCTION_W_PER_K,
            dt_s,
        )
        self.lost_j += loss_j
        self.loss_w = loss_j / dt_s
        self._streams.clear()
        self._power_w = 0.0

    def stored_j(self) -> float:
        """Heat content above 0 degC [J]."""
        return stored_j(self.temps, self._layer_kg)
