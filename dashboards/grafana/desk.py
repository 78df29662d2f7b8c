"""What every dashboard is made from: the site, its quantities that may leave, their names, and the language."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib import resources
from itertools import chain
from typing import Any, Protocol

from dashboards.words import Language, pick
from models.assets import Meter
from models.outgoing import Quantity, outgoing
from models.profile import Text
from models.site import Site


class HasDevices(Protocol):
    """Anything that is reached through devices."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Their ids."""
        ...


@cache
def texts() -> Mapping[str, Any]:
    """All texts of the dashboards, by kind and key."""
    return tomllib.loads(resources.files("dashboards.grafana").joinpath("texts.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Look:
    """What most panels have in common."""

    title: str
    why: str
    """What the panel tells, and what is normal; shown on the (i)."""
    unit: str
    decimals: int | None = None
    names: Mapping[str, str] | None = None
    """Series name to what people read; colours are dealt in this order."""


@dataclass(frozen=True)
class Desk:
    """The site, looked at in one language."""

    site: Site
    language: Language
    day: date
    """The tariff in force on this day is the one shown."""

    def word(self, *keys: str) -> str:
        """A word or heading by its key in the texts."""
        found: Any = texts()["word"]
        for key in keys:
            found = found[key]
        return str(found[self.language])

    def page(self, key: str) -> tuple[str, str]:
        """Title of a dashboard, and the question it answers."""
        page = texts()["page"][key]
        return page["title"][self.language], page["why"][self.language]

    def look(
        self,
        key: str,
        unit: str,
        decimals: int | None = None,
        names: Mapping[str, str] | None = None,
        **facts: float | str,
    ) -> Look:
        """A panel's texts by its key, with facts written in."""
        panel = texts()["panel"][key]
        title, why = (panel[part][self.language].format(**facts) for part in ("title", "why"))
        return Look(title, why, unit, decimals, names)

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything that may leave the building; nothing else is ever asked for."""
        return outgoing(self.site)

    @cached_property
    def _by_id(self) -> dict[str, Quantity]:
        return {quantity.id: quantity for quantity in self.quantities}

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of every piece of equipment that has quantities."""
        site = self.site
        single = [a for a in (site.wells, site.hot_water) if a is not None]
        several = (site.heat_pumps, site.boilers, site.tanks, site.circuits, site.air_handling, site.pv, site.blinds)
        loops = site.hot_water.loops if site.hot_water is not None else ()
        rest = (site.collectors, site.chargers, site.zones, site.meters, loops)
        named: dict[str, Text] = {device.id: device.label for device in site.devices}
        named |= {asset.id: asset.name for asset in chain(single, *several, *rest)}
        named |= {room.id: room.name for zone in site.zones for room in zone.rooms}
        return {q.equipment: pick(named.get(q.equipment, q.label), self.language) for q in self.quantities}

    def points(self, ids: Iterable[str | None]) -> list[Quantity]:
        """The quantities with these ids; what the site has not, or may not send, is left out."""
        return [self._by_id[point] for point in ids if point in self._by_id]

    def signals(self, devices: tuple[str, ...], *signals: str) -> list[Quantity]:
        """The quantities with these signals on these devices, in the order of the signals."""
        return self.points(self.site.find(devices, signal) for signal in signals)

    def each(self, assets: Iterable[HasDevices], *signals: str) -> list[Quantity]:
        """The quantities with these signals of each of the assets."""
        return [quantity for asset in assets for quantity in self.signals(asset.devices, *signals)]

    def of_kind(self, kind: str, *signals: str) -> list[Quantity]:
        """All quantities with these signals on equipment of one kind."""
        return [q for q in self.quantities if q.kind == kind and q.signal in signals]

    def meters(self, carrier: str, *, measuring: str | None = None) -> list[Meter]:
        """The meters of electricity or heat; those that measure one asset."""
        wanted = (meter for meter in self.site.meters if meter.carrier == carrier)
        return [meter for meter in wanted if measuring is None or measuring in meter.measures]

    def by_equipment(self, quantities: Sequence[Quantity]) -> dict[str, str]:
        """Names for series that differ by equipment."""
        return {q.id: self.names[q.equipment] for q in quantities}

    def by_signal(self, quantities: Sequence[Quantity]) -> dict[str, str]:
        """Names for series that differ by signal."""
        return {q.id: self.signal_name(q) for q in quantities}

    def in_full(self, quantities: Sequence[Quantity]) -> dict[str, str]:
        """Names of equipment and signal."""
        return {q.id: pick(q.label, self.language) for q in quantities}

    def signal_name(self, quantity: Quantity) -> str:
        """What the device's profile calls it; an aggregate by its full name."""
        point = self.site.points.get(quantity.id)
        return pick(point.spec.label if point is not None else quantity.label, self.language)

    def zone_name(self, quantity: Quantity) -> str:
        """Name of the zone a quantity is of; an aggregate over rooms is of the zone that has them."""
        of_rooms = (zone for zone in self.site.zones for room in zone.rooms for source in quantity.sources
                    if source.split(".")[0] in room.devices)  # fmt: skip
        zone = next(of_rooms, None)
        return self.names[quantity.equipment] if zone is None else pick(zone.name, self.language)

    @cached_property
    def kinds(self) -> list[str]:
        """All measurements."""
        return list(dict.fromkeys(quantity.kind for quantity in self.quantities))
