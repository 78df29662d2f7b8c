"""Every alarm that a site can raise, as far as that is known before anything has happened."""

from collections.abc import Iterator

from bems.alarming.alarms import Condition, device_flag, device_lost, lost_connection
from models.reasons import Code, because
from models.site import Site


def catalogue(site: Site) -> Iterator[Condition]:
    """As they would be raised, in the order of the site file; what only the moment knows is left open."""
    by_connection: dict[str, int] = {}
    by_device: dict[str, int] = {}
    for point in site.points.values():
        by_connection[point.device.connection] = by_connection.get(point.device.connection, 0) + 1
        by_device[point.device.id] = by_device.get(point.device.id, 0) + 1
    modbus = {connection.id for connection in site.connections if connection.protocol == "modbus"}
    days = site.hygiene.cycle_interval_days
    yield Condition("hygiene.overdue", "A", because(Code.CYCLE_OVERDUE, interval_days=days))
    yield Condition("record.lost", "A", because(Code.ALARM_RECORD, error=None))
    reserve = site.record.reserve_mb
    yield Condition("record.disk", "B", because(Code.ALARM_DISK, free_mb=None, reserve_mb=reserve))
    yield Condition("planner.no_plan", "C", because(Code.ALARM_NO_PLAN, hours=1))
    yield from (device_flag(point) for point in site.points.values() if point.spec.alarm)
    for connection in site.connections:
        yield lost_connection(connection.id, by_connection.get(connection.id, 0))
    for device in site.devices:
        if device.connection in modbus:
            yield device_lost(device.id, by_device.get(device.id, 0))
