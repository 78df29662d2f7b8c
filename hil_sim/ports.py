"""The seam where any simulator can take the plant's place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from models.site import Site
from models.weather import WeatherSeries


class Plant(Protocol):
    """A simulated building and its plant. Keys are the site's point ids, values are in the site's units."""

    def reset(self, start: datetime, seed: int) -> Mapping[str, float | None]:
        """Put the plant into a settled state at `start` (UTC); returns the observations at that moment.

        The same site, weather, start and seed always give the same run.
        """
        ...

    def step(self, commands: Mapping[str, float | None], dt_s: float) -> Mapping[str, float | None]:
        """Advance by `dt_s` seconds; returns the observations at the end of the step.

        A writable point not named keeps its command; None relinquishes it, and the device falls to its own safe value.
        An observation of None means that the device itself does not know it. A plant may offer `truth()` with the same
        keys and exact values, for scoring; without it observations are scored.
        """
        ...


class PlantFactory(Protocol):
    """What `--plant MODULE:FACTORY` names."""

    def __call__(self, site: Site, weather: WeatherSeries) -> Plant:
        """A plant for this site under this weather."""
        ...
