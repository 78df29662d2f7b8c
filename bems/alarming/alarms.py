"""What needs a person: lost connections, devices' own alarm flags, duties that are missed, systems that take nothing.

Pure. What becomes of these conditions - raised, acknowledged, shelved, ended - is in bems.alarming.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.alarming import Severity
from models.field import SitePoint
from models.reasons import Code, because
from models.signals import Quality, Reading, Reason
from models.site import Site

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


def lost_connection(connection: str, points: int) -> Condition:
    """A wire that does not answer; its points are not alarmed one by one."""
    return Condition(f"connection.{connection}", "B", because(Code.ALARM_CONNECTION, name=connection, points=points))


def device_flag(point: SitePoint) -> Condition:
    """A device reports a fault of its own."""
    text = because(Code.ALARM_DEVICE_FLAG, name=point.device.id, signal=point.spec.name, tag=point.tag)
    return Condition(f"point.{point.id}", "B", text, point.id)


def device_lost(device: str, points: int) -> Condition:
    """A device that is silent on a wire where others answer."""
    return Condition(f"device.{device}", "B", because(Code.ALARM_DEVICE_LOST, name=device, points=points))


def not_told(recipient: str, detail: str) -> Condition:
    """Somebody who is to be told of alarms cannot be reached; `detail` is what the server answers."""
    return Condition(f"recipient.{recipient}", "B", because(Code.ALARM_NOT_TOLD, name=recipient, detail=detail))


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
        device_flag(point) for point in site.points.values() if point.spec.alarm and picture[point.id].last_value == 1
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
            found.append(device_lost(name, len(points)))
    return found
