"""What a plan asks of the rules at one moment: they follow it asset by asset, and stay as they are where it is silent.

A plan writes nothing itself. Whatever it asks for passes the same stage dispatch, the same proofs and the same guard as
a rule's own idea; without it, or once it has run out, the rules decide alone in the very same step.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from models.promotion import EVERYTHING, Promotable
from models.site import Site


@dataclass(frozen=True)
class Guidance:
    """One moment of a plan; None, or a missing key, leaves the asset to its rule."""

    identity: str
    """The forecasts the plan saw."""
    made_at: datetime
    expires_at: datetime
    """From then on the rules decide alone."""
    compressors: float | None = None
    """On heating water, over all machines that heat: mean of the next hour."""
    charging: bool | None = None
    """Whether one machine makes hot water."""
    charge_compressors: float = 0.0
    """On hot water: mean of the next hour."""
    charge_degc: float | None = None
    """Where the mean of the tank that is charged for it is to be soon."""
    buffer_degc: float | None = None
    """Where the buffer's mean is to be soon."""
    boilers: Mapping[str, int] = field(default_factory=dict)
    """Stages by boiler."""
    after_heater_degc: float | None = None
    """Where the after-heater's mean is to be soon."""
    cycle: bool = False
    """A heat cycle is planned for now."""
    sun_circulates: frozenset[str] = frozenset()
    """Collectors whose heat is to warm the circulation, not the tank, while the after-heater can take it."""
    room_offset_k: Mapping[str, float] = field(default_factory=dict)
    """By zone: set point above what it would be anyway; heat stored before it is dear."""
    supply_degc: Mapping[str, float] = field(default_factory=dict)
    """By zone: what its floors need to give the heat that is planned; the warmest zone of a circuit counts."""
    cars_kw: float | None = None
    """For all cars that can wait, together."""
    air_cut: frozenset[str] = frozenset()
    """Units that are to do with less air now."""
    batteries_kw: Mapping[str, float] = field(default_factory=dict)
    """By battery; positive charges it."""
    grid_kw: float | None = None
    """Bought, less what is sold, in this step."""
    networks_kw: Mapping[str, float] = field(default_factory=dict)
    """District heat by substation, now."""
    networks_most_kw: Mapping[str, float] = field(default_factory=dict)
    """Their highest clock hour from now to the plan's end."""
    peak_kw: float | None = None
    """The highest clock hour planned for this month; None where power costs nothing."""


ASSETS: Final = EVERYTHING
"""What can be given to the plan, and taken from it, by itself."""


def assets_of(site: Site) -> tuple[Promotable, ...]:
    """Those of ASSETS that the site has."""
    has = {
        "heat_pumps": site.heat_pumps or site.boilers,
        "hot_water": site.hot_water,
        "rooms": site.zones,
        "cars": site.chargers,
        "air": site.air_handling,
        "batteries": site.batteries,
        "district_heat": site.district_heat,
    }
    return tuple(asset for asset in ASSETS if has[asset])


def promoted(of: Guidance, assets: Collection[str]) -> Guidance:
    """The guidance as far as it concerns these assets (see ASSETS); the rules keep the others."""
    kept = of
    if "heat_pumps" not in assets:
        kept = replace(kept, compressors=None, charging=None, charge_degc=None, buffer_degc=None, boilers={})
    if "hot_water" not in assets:
        kept = replace(kept, charging=None, charge_degc=None, after_heater_degc=None, cycle=False)
        kept = replace(kept, sun_circulates=frozenset())
    if "rooms" not in assets:
        kept = replace(kept, room_offset_k={}, supply_degc={})
    if "cars" not in assets:
        kept = replace(kept, cars_kw=None)
    if "air" not in assets:
        kept = replace(kept, air_cut=frozenset())
    if "batteries" not in assets:
        kept = replace(kept, batteries_kw={})
    if "district_heat" not in assets:
        kept = replace(kept, networks_kw={}, networks_most_kw={})
    return kept


def without_zones(of: Guidance, zones: Collection[str]) -> Guidance:
    """The guidance with these zones left to the rules: their set points, and what their floors would get."""
    offsets = {zone: k for zone, k in of.room_offset_k.items() if zone not in zones}
    supplies = {zone: degc for zone, degc in of.supply_degc.items() if zone not in zones}
    return replace(of, room_offset_k=offsets, supply_degc=supplies)
