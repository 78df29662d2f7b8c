"""Colours and units. Normal is quiet: a hue of alarms is used for alarms alone, and every line has a name."""

from typing import Final

from grafana_foundation_sdk.models import units

from models.units import Unit

SERIES: Final = ("#3E8FC6", "#C9701F", "#2F9C7E", "#8A9299", "#6C7FD0", "#A58A2A", "#58A8B5", "#A9756B")
"""3:1 or more on Grafana's light and dark ground."""
ALARM_A: Final = "#E0394D"
ALARM_B: Final = "#C98200"
ALARM_C: Final = "#9A6BC0"
BAND: Final = "#5B93B8"
"""The normal band."""
NONE: Final = "transparent"
TEXT: Final = "text"
"""As any other figure on the page."""
RUNNING: Final = "#C9D6DE"
STOPPED: Final = "#6B747C"
STATES: Final = ("#6B747C", "#A9BCC9", "#5B93B8", "#C9D6DE", "#7F8F66", "#A58A2A", "#8A7FA8", "#58A8B5")

UNIT: Final[dict[Unit, str]] = {
    Unit.DEGC: units.Celsius,
    Unit.KELVIN: "suffix:K",
    Unit.PCT: units.Percent,
    Unit.KW: units.KiloWatt,
    Unit.KWH: units.KiloWattHour,
    Unit.VOLT: units.Volt,
    Unit.AMPERE: units.Ampere,
    Unit.HERTZ: units.Hertz,
    Unit.RPM: "suffix:rpm",
    Unit.HOUR: "suffix:h",
    Unit.SECOND: "suffix:s",
    Unit.M3: "suffix:m³",
    Unit.M3_PER_H: "suffix:m³/h",
    Unit.L_PER_MIN: "suffix:l/min",
    Unit.L_PER_H: "suffix:l/h",
    Unit.PPM: units.PartsPerMillion,
    Unit.LUX: "suffix:lx",
    Unit.W_PER_M2: units.WattPerSquareMeter,
    Unit.M_PER_S: "suffix:m/s",
    Unit.PASCAL: "suffix:Pa",
    Unit.DEGREE_MINUTES: "suffix:°C·min",
    Unit.NOK_PER_KWH: "suffix:kr/kWh",
    Unit.COUNT: "none",
    Unit.STATE: "none",
    Unit.BOOL: "none",
}
