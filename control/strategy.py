"""Which of the finer rules are in force. Every strategy keeps the same set points, ventilation and hygiene.

`NAIVE` is what sites have: heating curve, hysteresis, boiler after a deficit, cars at once. `GOOD` is what rules alone
can do, and what a plan falls back to. A flag each, so that the worth of every rule can be measured by itself.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Strategy:
    """A set of rules by its flags."""

    label: str
    peak_guard: bool = False
    """Loads make way in a stated order before the metering hour passes the peak that is paid for anyway."""
    boiler_locked: bool = False
    """The boiler waits until rooms need it, not the buffer."""
    cars_wait: bool = False
    """Cars charge at night, else as late as their departure allows."""
    neediest_valve: bool = False
    """Supply temperatures follow the circuit's widest valve on top of the curve."""
    charge_hours: bool = False
    """The heat-pump tank is filled before the morning and left alone in it."""
    staggered: bool = False
    """Zones come back from their set-back one after another."""
    full_tanks: bool = False
    """Every store of heat is kept as full as it may be."""
    no_set_back: bool = False
    """Zones that nobody uses are as warm as others."""


NAIVE: Final = Strategy("naive")
GOOD: Final = Strategy(
    "rules",
    peak_guard=True,
    boiler_locked=True,
    cars_wait=True,
    neediest_valve=True,
    charge_hours=True,
    staggered=True,
)
PREPARED: Final = Strategy("preparedness", boiler_locked=True, neediest_valve=True, full_tanks=True, no_set_back=True)
"""Before a storm or an announced power cut: heat is stored and cars are charged at once, nothing is saved."""
STRATEGIES: Final = {strategy.label: strategy for strategy in (NAIVE, GOOD)}
