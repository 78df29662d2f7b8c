"""How much hot water was used, from the counter or the flow at the after-heater: litres at 60 degC."""

from typing import Final

import numpy as np

from control.grid import Array
from control.record import Record
from models.site import Site

LEAST_LIFT_K: Final = 20.0
MOST_L_PER_H: Final = 6000.0
"""More is a counter that was set back or exchanged."""


def tap_points(site: Site) -> tuple[str, ...]:
    """Points it is computed from."""
    if site.hot_water is None:
        return ()
    signals = ("volume_m3", "flow_l_per_min", "cold_temp_degc", "top_temp_degc", "supply_temp_degc")
    return tuple(point for s in signals if (point := site.find(site.hot_water.devices, s)) is not None)


def tapped_l_per_h(site: Site, record: Record) -> Array | None:
    """Hot water used over a record [l/h at 60 degC], NaN where not known; None where nothing measures it.

    What flows in cold leaves at the heater's top: V (T_top - T_cold) = V_60 (60 - T_cold).
    """
    if site.hot_water is None:
        return None
    devices = site.hot_water.devices
    volume = record.column(site.find(devices, "volume_m3"))
    flow = record.column(site.find(devices, "flow_l_per_min"))
    if volume is not None:
        litres = np.diff(volume, prepend=np.nan) * 1000 / (record.dt_s / 3600)
    elif flow is not None:
        litres = flow * 60
    else:
        return None
    litres = np.where((litres >= 0) & (litres <= MOST_L_PER_H), litres, np.nan)
    cold = record.column(site.find(devices, "cold_temp_degc"))
    top = record.column(site.find(devices, "top_temp_degc"))
    top = top if top is not None else record.column(site.find(devices, "supply_temp_degc"))
    if cold is None or top is None:
        return litres
    return np.asarray(litres * np.maximum(top - cold, 0.0) / np.maximum(60.0 - cold, LEAST_LIFT_K), dtype=np.float64)
