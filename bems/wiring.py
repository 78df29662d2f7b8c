"""From a site description to living drivers: the one place that knows which class speaks which protocol."""

from collections.abc import Callable
from datetime import datetime

from drivers.bacnet import BacnetDriver
from drivers.bacnet_client import BacnetClient
from drivers.modbus import ModbusDriver
from drivers.mqtt import MqttDriver
from models.field import BacnetConnection, Connection, ModbusConnection, SitePoint
from models.ports import Driver
from models.site import Site


def points_by_connection(site: Site) -> dict[str, list[SitePoint]]:
    """The site's points by the wire they are on, in the order of the file; a wire without points has an empty list."""
    sorted_points: dict[str, list[SitePoint]] = {connection.id: [] for connection in site.connections}
    for point in site.points.values():
        sorted_points[point.device.connection].append(point)
    return sorted_points


def make_drivers(site: Site, now: Callable[[], datetime]) -> dict[str, tuple[Connection, Driver]]:
    """One driver a connection, not yet connected; all BACnet devices share one station of ours."""
    points = points_by_connection(site)
    station = BacnetClient(site.bacnet_station.host, site.bacnet_station.port)
    drivers: dict[str, tuple[Connection, Driver]] = {}
    for connection in site.connections:
        mine = points[connection.id]
        driver: Driver
        if isinstance(connection, ModbusConnection):
            driver = ModbusDriver(connection, mine, site.profiles, now)
        elif isinstance(connection, BacnetConnection):
            driver = BacnetDriver(connection, mine, site.profiles, now, client=station)
        else:
            driver = MqttDriver(connection, mine, site.profiles, now)
        drivers[connection.id] = (connection, driver)
    return drivers


def shifted(site: Site, port_offset: int) -> Site:
    """The same site with every field port moved, for a simulator beside another one."""
    if port_offset == 0:
        return site
    moved = tuple(c.model_copy(update={"port": c.port + port_offset}) for c in site.connections)
    return site.model_copy(update={"connections": moved})
