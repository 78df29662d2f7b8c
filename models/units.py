"""Units and the sign convention: the closed vocabulary that every profile and site file is checked against.

Sign convention (load-positive, also docs/signs-and-units.md): a positive power is consumption; generation is
negative where it is summed with loads; at the main meter + is import and - is export. A device's own reading keeps
the sign its name says: `pv1.ac_power_kw` is generation >= 0, `main.power_kw` is import-positive.

Time is UTC inside; local days are Europe/Oslo.
"""

from enum import StrEnum
from functools import cache
from typing import Final


class Unit(StrEnum):
    """Units a point may carry; the value is what people are shown."""

    DEGC = "°C"
    KELVIN = "K"
    PCT = "%"
    KW = "kW"
    KWH = "kWh"
    VOLT = "V"
    AMPERE = "A"
    HERTZ = "Hz"
    RPM = "rpm"
    HOUR = "h"
    SECOND = "s"
    M3 = "m³"
    M3_PER_H = "m³/h"
    L_PER_MIN = "l/min"
    L_PER_H = "l/h"
    PPM = "ppm"
    LUX = "lx"
    W_PER_M2 = "W/m²"
    M_PER_S = "m/s"
    PASCAL = "Pa"
    DEGREE_MINUTES = "°C·min"
    NOK_PER_KWH = "kr/kWh"
    COUNT = "count"
    STATE = "state"
    """A whole number with named states (profile field `states`)."""
    BOOL = "bool"
    """0 or 1."""


SIGNAL_SUFFIX_UNIT: Final[dict[str, Unit]] = {
    "_degc": Unit.DEGC,
    "_k": Unit.KELVIN,
    "_pct": Unit.PCT,
    "_kw": Unit.KW,
    "_kwh": Unit.KWH,
    "_v": Unit.VOLT,
    "_a": Unit.AMPERE,
    "_hz": Unit.HERTZ,
    "_rpm": Unit.RPM,
    "_h": Unit.HOUR,
    "_s": Unit.SECOND,
    "_m3": Unit.M3,
    "_m3_per_h": Unit.M3_PER_H,
    "_l_per_min": Unit.L_PER_MIN,
    "_l_per_h": Unit.L_PER_H,
    "_ppm": Unit.PPM,
    "_lux": Unit.LUX,
    "_w_per_m2": Unit.W_PER_M2,
    "_m_per_s": Unit.M_PER_S,
    "_pa": Unit.PASCAL,
}


@cache
def unit_from_name(signal: str) -> Unit | None:
    """The unit a signal's name promises by its longest matching suffix, or None for states, counts and flags."""
    matches = [suffix for suffix in SIGNAL_SUFFIX_UNIT if signal.endswith(suffix)]
    return SIGNAL_SUFFIX_UNIT[max(matches, key=len)] if matches else None
