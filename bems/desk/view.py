"""Orders and devices as pages may read them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from bems.clock import wall_s
from bems.state import aged
from bems.system import System
from control.orders import Order
from dashboards.ports.desk import DeviceView, OrderView, WritableView
from models.field import Device, SitePoint
from models.signals import Quality, Reading

State = Literal["ok", "degraded", "down", "starting"]


def order_view(order: Order) -> OrderView:
    """An order."""
    return OrderView(order.who, order.since, order.why, order.until)


def device_views(system: System) -> Sequence[DeviceView]:
    """Every device, in the order of the site file."""
    now, wall = system.clock.now(), wall_s()
    picture = aged(system.picture, now, system.max_age)
    protocol = {c.id: c.protocol for c in system.site.connections}
    points: dict[str, list[SitePoint]] = {device.id: [] for device in system.site.devices}
    for point in system.site.points.values():
        points[point.device.id].append(point)
    views = []
    for device in system.site.devices:
        own = points[device.id]
        read = [system.read_s[p.id] for p in own if p.id in system.read_s]
        good = sum(picture[p.id].quality is Quality.GOOD for p in own)
        view = DeviceView(
            id=device.id, label=device.label, system=device.system, connection=device.connection,
            protocol=protocol[device.connection], state=_state(system, device, own, picture, good),
            age_s=round(wall - max(read), 1) if read else None, points=len(own), good=good,
            writable=[_writable(system, p, picture) for p in own if p.writable],
        )  # fmt: skip
        views.append(view)
    return views


def _state(
    system: System, device: Device, points: Sequence[SitePoint], picture: Mapping[str, Reading], good: int
) -> State:
    if all(picture[p.id].quality is Quality.UNREAD for p in points):
        link = system.links.get(device.connection)
        return "down" if link is not None and link.state == "down" else "starting"
    if good == 0:
        return "down"
    return "ok" if good == len(points) else "degraded"


def _writable(system: System, point: SitePoint, picture: Mapping[str, Reading]) -> WritableView:
    now, rule = system.clock.now(), point.spec.write
    assert rule is not None  # writable
    held = system.outputs.held(now).get(point.id)
    return WritableView(
        point=point.id, label=point.spec.label, value=picture[point.id].value,
        held=None if held is None else held[0].value, unit=point.spec.shown_unit.value,
        low=rule.min, high=rule.max, step=rule.step,
        writes_today=system.steering.writes_today(point.id, now), daily_budget=rule.daily_budget,
        persistence=rule.persistence.value, held_by=system.outputs.held_by(point.id, now),
        error=system.outputs.error(point.id),
    )  # fmt: skip
