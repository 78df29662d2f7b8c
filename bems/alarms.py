"""Which alarms stand: from lost connections, from devices' own alarm flags, from duties that control reports as missed.

A pure fold: conditions in, alarms and their changes out. Acknowledging and shelving belong to the operators' desk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from models.field import SitePoint
from models.reasons import Code, because
from models.signals import Quality, Reading, Reason
from models.site import Site

Severity = Literal["A", "B", "C"]

SILENT: Final = timedelta(minutes=5)
"""How far (site time) a device may fall behind its neighbours on the wire: one missed answer is no alarm."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that needs a person, as it is now."""

    id: str
    severity: Severity
    text: Reason
    point: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition and since when it has stood (site time)."""

    condition: Condition
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that was raised or has cleared."""

    at: datetime
    raised: bool
    condition: Condition


def lost_connection(connection: str, points: int) -> Condition:
    """A wire that does not answer; its points are not alarmed one by one."""
    return Condition(f"connection.{connection}", "B", because(Code.ALARM_CONNECTION, name=connection, points=points))


def target_refuses(name: str, detail: str) -> Condition:
    """A system we feed takes nothing until a person has put something right; `detail` is what it answers."""
    return Condition(f"target.{name}.refuses", "C", because(Code.ALARM_TARGET_REFUSES, name=name, detail=detail))


def target_away(name: str, hours: float) -> Condition:
    """A system we feed has not taken anything for hours."""
    return Condition(f"target.{name}.away", "C", because(Code.ALARM_TARGET_AWAY, name=name, hours=round(hours)))


def set_aside(name: str, number: int, detail: str) -> Condition:
    """A system we feed has refused single samples for good."""
    return Condition(
        f"target.{name}.aside", "C", because(Code.ALARM_SET_ASIDE, name=name, number=number, detail=detail)
    )


def device_conditions(site: Site, picture: Mapping[str, Reading]) -> list[Condition]:
    """Alarm flags that devices report themselves, and devices that are silent on a wire where others answer.

    The flag of a silent device is taken by its last word.
    """
    flags = [
        Condition(
            f"point.{point.id}",
            "B",
            because(Code.ALARM_DEVICE_FLAG, name=point.device.id, signal=point.spec.name, tag=point.tag),
            point.id,
        )
        for point in site.points.values()
        if point.spec.alarm and picture[point.id].last_value == 1
    ]
    return [*flags, *_silent_devices(site, picture)]


def _silent_devices(site: Site, picture: Mapping[str, Reading]) -> list[Condition]:
    """Modbus units that answer no longer while their neighbours do.

    A BACnet device has a wire of its own; a silent MQTT sensor just grows stale.
    """
    modbus = {c.id for c in site.connections if c.protocol == "modbus"}
    units: dict[str, list[SitePoint]] = {}
    newest: dict[str, datetime] = {}
    for point in site.points.values():
        if (wire := point.device.connection) in modbus:
            units.setdefault(point.device.id, []).append(point)
            if (at := picture[point.id].at) is not None:
                newest[wire] = max(at, newest.get(wire, at))
    found = []
    for name, points in units.items():
        wire = points[0].device.connection
        heard = [at for point in points if (at := picture[point.id].at) is not None]
        offline = all(picture[point.id].quality is Quality.OFFLINE for point in points)
        if offline and wire in newest and (not heard or newest[wire] - max(heard) > SILENT):
            found.append(
                Condition(f"device.{name}", "B", because(Code.ALARM_DEVICE_LOST, name=name, points=len(points)))
            )
    return found


def fold(
    standing: Mapping[str, Alarm], conditions: Iterable[Condition], now: datetime
) -> tuple[dict[str, Alarm], list[Change]]:
    """The alarms that stand now, and what changed; an alarm keeps the time it was raised at."""
    current = {condition.id: condition for condition in conditions}
    alarms = {
        key: Alarm(condition, standing[key].raised_at if key in standing else now) for key, condition in current.items()
    }
    raised = [Change(now, True, condition) for key, condition in current.items() if key not in standing]
    cleared = [Change(now, False, alarm.condition) for key, alarm in standing.items() if key not in current]
    return alarms, [*raised, *cleared]
