"""`bems read`: one scan of some devices, printed; for commissioning, before anything is controlled."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bems.process import complain, say
from bems.wiring import make_drivers, shifted
from drivers.errors import Unreachable
from models.field import SitePoint
from models.ports import Driver
from models.signals import Quality, Sample
from models.site import Site

PUSHED_WAIT_S: Final = 3.0
"""How long devices that push are listened to."""
CONNECT_S: Final = 10.0


def read_once(site: Site, devices: Sequence[str], port_offset: int) -> int:
    """Print what the devices (all when none is named) say. Exit code 1: a connection is dead; 2: an unknown name."""
    known = {device.id for device in site.devices}
    unknown = [name for name in devices if name not in known]
    if unknown:
        complain(f"no device {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
        return 2
    return asyncio.run(_read(shifted(site, port_offset), set(devices) or known))


async def _read(site: Site, devices: set[str]) -> int:
    drivers = make_drivers(site, lambda: datetime.now(UTC))
    points = {p.id: p for p in site.points.values() if p.device.id in devices}
    wanted = {p.device.connection for p in points.values()}
    dead = 0
    for key, (connection, driver) in drivers.items():
        if key not in wanted:
            continue
        say(f"{key} ({connection.protocol} {connection.host}:{connection.port}) ...")
        try:
            async with asyncio.timeout(CONNECT_S):
                samples = await _scan(driver, {p.id for p in points.values() if p.device.connection == key})
        except Unreachable as error:
            dead += 1
            say(f"  no answer: {error}")
        except TimeoutError:
            dead += 1
            say(f"  no answer within {CONNECT_S:g} s")
        else:
            for point_id in [p for p in points if points[p].device.connection == key]:
                say(_line(points[point_id], samples.get(point_id)))
        finally:
            await driver.close()
    if dead:
        complain(f"\n{dead} of {len(wanted)} connections did not answer: check cable, address and port.")
    return 1 if dead else 0


async def _scan(driver: Driver, points: set[str]) -> dict[str, Sample]:
    """A sample a point; where devices push, what comes within a few seconds."""
    await driver.connect()
    found: dict[str, Sample] = {}
    loop = asyncio.get_running_loop()
    end = loop.time() + PUSHED_WAIT_S
    while True:
        found |= {s.point: s for s in [*await driver.read(), *driver.drain()] if s.point in points}
        if points <= found.keys() or loop.time() > end:
            return found
        await asyncio.sleep(0.1)


def _line(point: SitePoint, sample: Sample | None) -> str:
    if sample is None:
        value = "(nothing heard)"
    elif sample.quality is Quality.GOOD and sample.value is not None:
        value = f"{sample.value:.6g} {point.spec.shown_unit.value}"
        if point.spec.states:
            value = f"{sample.value:g} ({point.spec.states[int(sample.value)].en})"
    else:
        value = f"({sample.quality.value})"
    return f"  {point.tag:<22} {point.id:<36} {value:>20}  {point.spec.label.en}"
