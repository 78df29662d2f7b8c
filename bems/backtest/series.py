"""What a run looked like by the quarter, for charts. Pure; what a plant does not tell is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.backtest.columns import Columns
from bems.backtest.lockstep import LockstepResult
from control.loads import main_meter
from models.site import Site

Array = NDArray[np.float64]

QUARTER_S: Final = 900.0


@dataclass(frozen=True)
class Series:
    """Means over quarters from `start` (UTC)."""

    start: datetime
    power_kw: Array | None
    """Bought less sold."""
    rooms_degc: tuple[Array, Array, Array] | None
    """Coldest, mean and warmest of the residents' rooms; of all rooms where nobody lives."""
    tanks_degc: Mapping[str, Array]
    """By tank: mean of its layers; `hot_water` is the after-heater."""


def series_of(site: Site, run: LockstepResult) -> Series:
    """The quarters of a run that kept `scoring.points_needed`; it starts on a quarter."""
    seen = Columns(run)
    per = round(QUARTER_S / run.dt_s)

    def quarters(values: Array) -> Array:
        whole = len(values) // per * per
        return np.asarray(values[:whole].reshape(-1, per).mean(axis=1), dtype=np.float64)

    def together(points: Sequence[str | None]) -> Array | None:
        columns = [quarters(column) for point in points if (column := seen.column(point)) is not None]
        return np.array(columns) if columns else None

    bought, sold = (seen.energy_kwh(main_meter(site, signal)) for signal in ("import_kwh", "export_kwh"))
    power = None
    if bought is not None:
        power = quarters((bought - (sold if sold is not None else 0.0)) / seen.hours)
    rooms = together([site.find(room.devices, "temp_degc") for zone in site.zones for room in zone.rooms])
    if rooms is None:
        rooms = together([site.find(zone.devices, "temp_degc") for zone in site.zones if zone.occupied])
    tanks = {
        tank.id: together([site.find(tank.devices, f"layer_{n}_temp_degc") for n in range(1, 5)]) for tank in site.tanks
    }
    if site.hot_water is not None:
        layers = [f"{place}_temp_degc" for place in ("top", "middle", "bottom")]
        tanks["hot_water"] = together([site.find(site.hot_water.devices, layer) for layer in layers])
    return Series(
        start=run.start,
        power_kw=power,
        rooms_degc=None if rooms is None else (rooms.min(axis=0), rooms.mean(axis=0), rooms.max(axis=0)),
        tanks_degc={name: layers.mean(axis=0) for name, layers in tanks.items() if layers is not None},
    )
