"""How values are shown: the decimals that matter, by unit."""

from typing import Final

from models.units import Unit

DECIMALS: Final[dict[Unit, int]] = {
    Unit.DEGC: 1,
    Unit.KELVIN: 1,
    Unit.PCT: 0,
    Unit.KW: 1,
    Unit.KWH: 0,
    Unit.VOLT: 0,
    Unit.AMPERE: 1,
    Unit.HERTZ: 2,
    Unit.RPM: 0,
    Unit.HOUR: 1,
    Unit.SECOND: 0,
    Unit.M3: 1,
    Unit.M3_PER_H: 1,
    Unit.L_PER_MIN: 1,
    Unit.L_PER_H: 0,
    Unit.PPM: 0,
    Unit.LUX: 0,
    Unit.W_PER_M2: 0,
    Unit.M_PER_S: 1,
    Unit.PASCAL: 0,
    Unit.DEGREE_MINUTES: 0,
    Unit.NOK_PER_KWH: 2,
    Unit.COUNT: 0,
    Unit.STATE: 0,
    Unit.BOOL: 0,
}
"""Every unit; a value closer to the last shown one than this is no change to a page."""


def rounded(value: float | None, unit: str) -> float | None:
    """The value as pages show it; None stays None."""
    return None if value is None else round(value, DECIMALS[Unit(unit)]) + 0.0
