"""Exchanges of meters without a record: the running system's own rules over readings that are made up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np

from bems.history.times import to_ms
from bems.meter_exchanges import SiteMeters
from models.site import Site
from tests.dashboards.fake_water_file import Nowhere

READ = 4000.0
"""What every counter has shown for a month."""


class FakeMeters(SiteMeters):
    """Satisfies dashboards.ports.meter.Meters."""

    def __init__(self, site: Site, now: Callable[[], datetime]) -> None:
        self.record = Nowhere()

        def raw(points, *_):
            at_ms = np.array([to_ms(now() - timedelta(minutes=1))])
            return {point: SimpleNamespace(at_ms=at_ms, value=np.array([READ])) for point in points}

        history = SimpleNamespace(
            events=lambda *_: (), first_of=lambda _: now() - timedelta(days=30), raw=raw,
        )  # fmt: skip
        super().__init__(site, self.record, history, now)  # type: ignore[arg-type]
