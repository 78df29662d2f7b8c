"""Look round on a BACnet/IP network while a site is put into service: who is there, and what does it offer.

On BAC0, which knows the ways of many makes. Not for the running plant: BAC0 writes to the home folder, keeps polling,
and turns errors into None (drivers/bacnet.py is for that), so it is imported here only, when somebody asks.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bacpypes3.basetypes import ErrorType

_SETTLE_S: Final = 0.2
"""BAC0 opens its port in the background."""
_AT_ONCE: Final = 20
"""Objects asked for in one request."""
_PROPERTIES: Final = ("objectName", "description", "units", "presentValue")


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object of a device, as far as the device tells."""

    object: str
    """In the form of a profile: 'analog-input,1'."""
    name: str | None
    description: str | None
    units: str | None
    """The device's own word, e.g. 'degrees-celsius'."""
    present_value: str | None


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """One device that answered."""

    address: str
    """As BACnet/IP writes it: '10.0.5.20' or '10.0.5.20:47809'."""
    instance: int
    objects: tuple[FoundObject, ...]


async def scan(
    own_address: str,
    own_port: int,
    addresses: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _text: None,
) -> tuple[FoundDevice, ...]:
    """Every device that answers, with its objects.

    `own_address` is ours with its mask ('10.0.5.2/24'). Without `addresses` the whole network is asked by broadcast,
    which does not work on loopback; with them, each is asked alone. `progress` hears a line for each device.
    """
    found = []
    async with _network(own_address, own_port) as network:
        for address, instance in await _who_is_there(network, addresses):
            progress(f"{address}: device {instance}")
            found.append(FoundDevice(address, instance, await _browse(network, address, instance)))
    return tuple(found)


@contextlib.asynccontextmanager
async def _network(own_address: str, own_port: int) -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory(prefix="bems-scan-") as home, _home(home):
        import BAC0

        BAC0.log_level("silence")
        network = BAC0.lite(ip=own_address, port=own_port, deviceId=4193999)
        await asyncio.sleep(_SETTLE_S)
        try:
            yield network
        finally:
            network.disconnect()
            await asyncio.sleep(_SETTLE_S)


@contextlib.contextmanager
def _home(folder: str) -> Iterator[None]:
    """BAC0 makes a folder in the home of whoever imports it."""
    before = os.environ.get("HOME")
    os.environ["HOME"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["HOME"]
        else:
            os.environ["HOME"] = before


async def _who_is_there(network: Any, addresses: Sequence[str]) -> list[tuple[str, int]]:
    answers: list[Any] = []
    for address in addresses or (None,):
        answers += await (network.who_is() if address is None else network.who_is(address=address)) or []
    return sorted({(str(answer.pduSource), int(answer.iAmDeviceIdentifier[1])) for answer in answers})


async def _browse(network: Any, address: str, instance: int) -> tuple[FoundObject, ...]:
    listed = await network.read(f"{address} device {instance} objectList") or []
    wanted = [(str(kind), int(number)) for kind, number in listed if _has_a_value(str(kind))]
    found = []
    for first in range(0, len(wanted), _AT_ONCE):
        batch = wanted[first : first + _AT_ONCE]
        request = {"address": address, "objects": {f"{kind}:{number}": list(_PROPERTIES) for kind, number in batch}}
        answers = await network.readMultiple(address, request_dict=request) or {}
        found += [_found(f"{kind},{number}", answers) for kind, number in batch]
    return tuple(found)


def _has_a_value(kind: str) -> bool:
    return kind.rpartition("-")[2] in ("input", "output", "value")


def _found(name: str, answers: Mapping[str, Sequence[tuple[Any, Any]]]) -> FoundObject:
    told = {str(key): str(value) for key, value in answers.get(name, ()) if not isinstance(value, ErrorType)}
    return FoundObject(
        object=name,
        name=told.get("object-name"),
        description=told.get("description"),
        units=told.get("units"),
        present_value=told.get("present-value"),
    )
