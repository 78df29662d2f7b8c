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
        self._outs = [[board.out(meter.devices, name) for name in _SIGNALS] for meter in meters]
        self._shown = [[0.0, 0.0, 30.0, 30.0, 0.0, 0.0] for _ in meters]

    def step(self, dt_s: float, flows: Sequence[Flow]) -> None:
        """Count a step from the flow of each asset; energy given back (cooling, recharge) is not counted backwards."""
        hours = dt_s / 3600
        for behind, shown in zip(self._behind, self._shown, strict=True):
            power = flow = warm = cold = 0.0
            for place in behind:
                own_kw, own_flow, supply, back = flows[place]
                power += own_kw
                flow += own_flow
                warm += own_flow * supply
                cold += own_flow * back
            shown[0], shown[1] = power, flow
            if flow > 0:
                shown[2], shown[3] = warm / flow, cold / flow
            if power > 0:
                shown[4] += power * hours
            shown[5] += flow * hours / 1000

    def publish(self) -> None:
        """True values to the board."""
        values = self._board.values
        for outs, shown in zip(self._outs, self._shown, strict=True):
            for out, value in zip(outs, shown, strict=True):
                values[out] = value
