"""What the rules see: readings with their age, and the difference between "not yet" and "no longer" known.

An input is *young* (read, good, not older than `max_age_s`), *missing* (not young for `max_age_s` or longer), or
neither: the rule that needs it then says nothing, and what it said before stands until it expires.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Final

from control.guidance import Guidance
from control.strategy import NAIVE, Strategy
from models.assets import AirHandling, Asset, Period, Zone
from models.signals import Reading
from models.site import Site

YOUNG_S: Final = 120.0
"""Site time after which an input no longer counts as read [s]; a slow poll makes it longer."""

Picture = Mapping[str, Reading]


@dataclass(frozen=True)
class Scene:
    """One moment as one rule sees it."""

    site: Site
    picture: Picture
    now: datetime
    """Site time, UTC."""
    max_age_s: float
    awake_since: datetime
    """When this process began to look: a point never read is missing only from `max_age_s` after that."""
    strategy: Strategy = NAIVE
    guidance: Guidance | None = None
    """What the plan in force asks for now; None: the rules decide alone."""

    @cached_property
    def oldest(self) -> datetime:
        """What was read before then is no longer young."""
        return self.now - timedelta(seconds=self.max_age_s)

    def value(self, point: str | None) -> float | None:
        """The point's value while it is good and at most `max_age_s` old. No such point: None."""
        reading = self.picture.get(point) if point is not None else None
        if reading is None or reading.at is None or reading.at < self.oldest:
            return None
        return reading.value

    def flag(self, point: str | None) -> bool | None:
        """The point as yes or no while it is young."""
        value = self.value(point)
        return None if value is None else value >= 0.5

    def missing(self, point: str | None) -> bool:
        """Whether the point has been without a value so long that a fallback is due. No such point: yes."""
        if point is None or (reading := self.picture.get(point)) is None:
            return True
        since = max(reading.at, self.awake_since) if reading.at is not None else self.awake_since
        return self.value(point) is None and self.seconds_since(since) >= self.max_age_s

    def unsettled(self, points: Iterable[str | None]) -> bool:
        """Whether one of the points is neither young nor missing: too early to say anything."""
        return any(self.value(point) is None and not self.missing(point) for point in points)

    def find(self, asset: Asset | tuple[str, ...], signal: str) -> str | None:
        """Id of the asset's (or the devices') point with this signal, None when it has none."""
        return self.site.find(asset if isinstance(asset, tuple) else asset.devices, signal)

    def of(self, asset: Asset | tuple[str, ...], signal: str) -> float | None:
        """The asset's signal while it is young."""
        return self.value(self.find(asset, signal))

    def seconds_since(self, when: datetime) -> float:
        """Site time since `when` [s]."""
        return (self.now - when).total_seconds()

    @cached_property
    def local(self) -> datetime:
        """The moment on the site's wall clock."""
        return self.now.astimezone(self.site.zone_info)

    def manned(self, asset: Zone | AirHandling, local: datetime | None = None) -> bool:
        """Whether a local moment (now) is within the asset's timetable, and no holiday closes it."""
        when = self.local if local is None else local
        if not manned(asset.occupied, when):
            return False
        wall = when.replace(tzinfo=None)
        return not any(one.start <= wall < one.until for one in self.site.closures(asset))

    def local_in(self, hours: float) -> datetime:
        """The site's wall clock so many hours from now [h]."""
        return (self.now + timedelta(hours=hours)).astimezone(self.site.zone_info)


DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def manned(periods: Iterable[Period], local: datetime) -> bool:
    """Whether a local moment lies within one of the periods."""
    day, hour = DAYS[local.weekday()], local.time()
    return any(day in p.days and p.start <= hour and (hour < p.to or p.to == time(0)) for p in periods)
