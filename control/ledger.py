"""What has been written to each point: for wear, for starts, and to know what it holds. Independent of the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class PointLedger:
    """One point's record."""

    value: float
    """What the device was last told to hold."""
    day: date
    """Local day that `writes` counts."""
    writes: int = 0
    raised_at: datetime | None = None
    lowered_at: datetime | None = None
    raises: tuple[datetime, ...] = ()
    """One entry for every whole step upwards within the last hour: starts, where the point asks for stages."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The record of all points. Times are site time, UTC."""

    points: Mapping[str, PointLedger] = field(default_factory=dict)

    def written(self, point: str, value: float, now: datetime, day: date) -> "Ledger":
        """The ledger after a write that changed (or may have changed) what the device holds; `day` is the local day."""
        old = self.points.get(point)
        if old is None:
            new = PointLedger(value, day, 1)
        else:
            hour_ago = now - timedelta(hours=1)
            steps = max(0, round(value - old.value))
            new = replace(
                old,
                value=value,
                day=day,
                writes=self.writes_on(point, day) + 1,
                raised_at=now if value > old.value else old.raised_at,
                lowered_at=now if value < old.value else old.lowered_at,
                # Sixty-four is more than any machine may start in an hour; set points in kelvins need no list.
                raises=(*(at for at in old.raises if at > hour_ago), *(now,) * steps)[-64:],
            )
        return Ledger({**self.points, point: new})

    def followed(self, held: Mapping[str, float], now: datetime, day: date) -> "Ledger":
        """The ledger after the devices hold these values; every difference counts as one write."""
        ledger = self
        for point, value in held.items():
            if self.held(point) != value:
                ledger = ledger.written(point, value, now, day)
        return ledger

    def writes_on(self, point: str, day: date) -> int:
        """Writes to the point on a local day."""
        entry = self.points.get(point)
        return entry.writes if entry is not None and entry.day == day else 0

    def held(self, point: str) -> float | None:
        """What the device was last told to hold; None before the first write."""
        entry = self.points.get(point)
        return None if entry is None else entry.value

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Ledger":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ADAPTER.validate_json(text)


_ADAPTER: Final = TypeAdapter(Ledger)
