"""A legionella file without a record: the running system's own rules over a record that keeps nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

from bems.history.errors import RecordError
from bems.water_file import SiteWaterFile
from models.legionella import Work
from models.site import Site
from models.water_facts import AnyFact, Closing, Deviation, Done, Entry, Reading, Result, WaterFile


class Nowhere:
    """Takes events like bems.history.record.Record, and forgets them."""

    def __init__(self) -> None:
        self.events = []
        self.broken = False

    def append_tick(self, samples, commands, events):
        if self.broken:
            raise RecordError("the disk is full")
        self.events += events
        return len(self.events)


class FakeWaterFile(SiteWaterFile):
    """Satisfies dashboards.ports.water_file.WaterDesk; begins with a few lines."""

    def __init__(self, site: Site, now: Callable[[], datetime]) -> None:
        self.record = Nowhere()
        empty = SimpleNamespace(events=lambda *_: ())
        super().__init__(site, self.record, empty, now)  # type: ignore[arg-type]
        self._file = WaterFile(Entry(n, at, who, fact) for n, (at, who, fact) in enumerate(begun(now()), 1))


def begun(now: datetime) -> list[tuple[datetime, str, AnyFact]]:
    """What had been written before somebody looked."""

    def ago(days: float) -> datetime:
        return now - timedelta(days=days)

    lab = {"laboratory": "Mjøslab", "reference": "24-1187"}
    low = Reading(place="tap_b", at=ago(5), temp_degc=47.5, after_s=60)
    return [
        (ago(60), "Kari", Deviation(place="kitchen_tap", at=ago(60), text="Termometeret mangler")),
        (ago(58), "Ola", Closing(deviation=1, at=ago(58), text="Nytt termometer montert")),
        (ago(40), "Ola", Result(place="plant_return_a", sampled_on=ago(47).date(), cfu_per_l=10, below=True, **lab)),
        (ago(40), "Ola", Result(place="shower_c6", sampled_on=ago(47).date(), cfu_per_l=50, **lab)),
        (ago(10), "Kari", Done(place="shower_gym", at=ago(10), work=Work.FLUSH, minutes=3)),
        (ago(3), "Kari", Done(place="guest_toilet", at=ago(3), work=Work.FLUSH, minutes=3)),
        (ago(5), "Kari", Reading(place="tap_a", at=ago(5), temp_degc=54.5, after_s=60)),
        (ago(5), "Kari", low),
        (ago(5), "bems", Deviation(place="tap_b", at=ago(5), about=8)),
    ]
