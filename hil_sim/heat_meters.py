"""Heat meters: power, flow and temperatures of the assets behind each, and their counters."""

from collections.abc import Sequence
from typing import Final

from hil_sim.board import Board
from models.site import Site

Flow = tuple[float, float, float, float]
"""Heat carried by water: power [kW], flow [l/h], supply and return temperature [degC]."""

_SIGNALS: Final = ("power_kw", "flow_l_per_h", "supply_temp_degc", "return_temp_degc", "energy_kwh", "volume_m3")


class HeatMeters:
    """All heat meters of the site."""

    def __init__(self, site: Site, board: Board, assets: Sequence[str]) -> None:
        self._board = board
        meters = [meter for meter in site.meters if meter.carrier == "heat"]
        self._behind = [tuple(assets.index(name) for name in meter.measures if name in assets) for meter in meters]
        self._shown = [board.stretch([board.out(meter.devices, name) for name in _SIGNALS]) for meter in meters]
        self._state = [[0.0, 0.0, 30.0, 30.0, 0.0, 0.0] for _ in meters]

    def step(self, dt_s: float, flows: Sequence[Flow]) -> None:
        """Count a step from the flow of each asset; energy given back (cooling, recharge) is not counted backwards."""
        hours = dt_s / 3600
        for behind, state in zip(self._behind, self._state, strict=True):
            power, flow, supply, back = flows[behind[0]] if len(behind) == 1 else _mixed([flows[n] for n in behind])
            state[0], state[1] = power, flow
            if flow > 0:
                state[2], state[3] = supply, back
            if power > 0:
                state[4] += power * hours
            state[5] += flow * hours / 1000

    def publish(self) -> None:
        """True values to the board."""
        shown = self._board.shown
        for where, state in zip(self._shown, self._state, strict=True):
            shown[where] = state


def _mixed(flows: Sequence[Flow]) -> Flow:
    """Several flows as one."""
    power = flow = warm = cold = 0.0
    for own_kw, own_flow, supply, back in flows:
        power += own_kw
        flow += own_flow
        warm += own_flow * supply
        cold += own_flow * back
    return (power, flow, warm / flow, cold / flow) if flow > 0 else (power, flow, 0.0, 0.0)
