"""The site's BACnet/IP devices: one server a connection, with an object for each of its points.

What a real controller would refuse is refused here, because the library alone accepts anything: writes to inputs, to
objects the profile does not open, outside the profile's limits, and states that do not exist.
"""

import asyncio
import math
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from bacpypes3.apdu import ReadPropertyMultipleACK
from bacpypes3.app import Application
from bacpypes3.basetypes import BinaryPV, PropertyIdentifier, ReadAccessResult, StatusFlags
from bacpypes3.errors import ObjectError, PropertyError
from bacpypes3.local.analog import AnalogInputObject, AnalogOutputObject, AnalogValueObject
from bacpypes3.local.binary import BinaryInputObject, BinaryOutputObject, BinaryValueObject
from bacpypes3.local.cmd import Commandable
from bacpypes3.local.cov import GenericCriteria
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.multistate import MultiStateInputObject, MultiStateOutputObject, MultiStateValueObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.primitivedata import Null
from bacpypes3.service.object import read_property_to_result_element

from models.field import BacnetConnection, SitePoint
from models.point import BacnetPoint, WriteRule
from models.profile import Profile
from models.units import Unit

OnWrite = Callable[[str, float | None], None]
"""Told a point id and the value its device now holds for somebody, or None when nobody holds it any more."""

_UNITS: Final[Mapping[Unit, str]] = {
    Unit.DEGC: "degrees-celsius",
    Unit.PCT: "percent",
    Unit.KW: "kilowatts",
    Unit.M3_PER_H: "cubic-meters-per-hour",
    Unit.PPM: "parts-per-million",
    Unit.LUX: "luxes",
    Unit.PASCAL: "pascals",
    Unit.M_PER_S: "meters-per-second",
    Unit.W_PER_M2: "watts-per-square-meter",
}

_COV_INCREMENT: Final[Mapping[Unit, float]] = {Unit.DEGC: 0.1, Unit.KW: 0.1, Unit.PPM: 25.0, Unit.W_PER_M2: 20.0}
"""Change worth a notification, in the point's unit; 1 where not named."""

_GROUPS: Final = (PropertyIdentifier.all, PropertyIdentifier.required, PropertyIdentifier.optional)

_OPEN_TRIES: Final = 200
_OPEN_PAUSE_S: Final = 0.005

_IN_ORDER: Final = StatusFlags([0, 0, 0, 0])
_FAULT: Final = StatusFlags([0, 1, 0, 0])
"""In-alarm, fault, overridden, out-of-service."""


class _Guarded:
    """Mixed into every object: only the present value may be written, and only as the profile's rule allows."""

    # Underscored: the library takes every other name for a BACnet property.
    _rule: WriteRule | None = None
    _written: Callable[[], None] | None = None
    _flags: StatusFlags = _IN_ORDER

    async def read_property(self, attr: Any, index: int | None = None) -> Any:
        """The library's entry for reads; it works the flags out anew each time, which costs more than all the rest."""
        if attr == PropertyIdentifier.statusFlags:
            return self._flags
        return await super().read_property(attr, index)  # type: ignore[misc]  # the object beside the mixin

    def set_fault(self, *, faulty: bool) -> None:
        """Break or mend the sensor, and tell the subscribers, which the library does not."""
        flags = _FAULT if faulty else _IN_ORDER
        if flags is not self._flags:
            self._flags = flags
            self.reliability = "noSensor" if faulty else "noFaultDetected"
            for changed in self._property_monitors["statusFlags"]:  # type: ignore[attr-defined]  # likewise
                changed(None, flags)

    async def write_property(
        self, attr: Any, value: Any, index: int | None = None, priority: int | None = None
    ) -> None:
        """The library's entry for writes from the wire."""
        if self._rule is None or PropertyIdentifier(attr) != PropertyIdentifier.presentValue:
            raise PropertyError(errorCode="writeAccessDenied")
        if not isinstance(value, Null) and not self._rule.min <= float(value) <= self._rule.max:
            raise PropertyError(errorCode="valueOutOfRange")
        await super().write_property(attr, value, index, priority)  # type: ignore[misc]  # the object beside the mixin
        if self._written is not None:
            self._written()


class _AnalogInput(_Guarded, AnalogInputObject):  # type: ignore[misc]  # the library has no types; so below
    pass


class _AnalogOutput(_Guarded, AnalogOutputObject):  # type: ignore[misc]
    pass


class _AnalogValue(_Guarded, Commandable, AnalogValueObject):  # type: ignore[misc]
    pass


class _BinaryInput(_Guarded, BinaryInputObject):  # type: ignore[misc]
    pass


class _BinaryOutput(_Guarded, BinaryOutputObject):  # type: ignore[misc]
    pass


class _BinaryValue(_Guarded, Commandable, BinaryValueObject):  # type: ignore[misc]
    pass


class _MultiStateInput(_Guarded, MultiStateInputObject):  # type: ignore[misc]
    # States have no increment, which the library's choice for them asks for.
    _cov_criteria: ClassVar[Any] = GenericCriteria


class _MultiStateOutput(_Guarded, MultiStateOutputObject):  # type: ignore[misc]
    _cov_criteria: ClassVar[Any] = GenericCriteria


class _MultiStateValue(_Guarded, Commandable, MultiStateValueObject):  # type: ignore[misc]
    _cov_criteria: ClassVar[Any] = GenericCriteria


_CLASSES: Final[Mapping[str, Any]] = {
    "analog-input": _AnalogInput,
    "analog-output": _AnalogOutput,
    "analog-value": _AnalogValue,
    "binary-input": _BinaryInput,
    "binary-output": _BinaryOutput,
    "binary-value": _BinaryValue,
    "multi-state-input": _MultiStateInput,
    "multi-state-output": _MultiStateOutput,
    "multi-state-value": _MultiStateValue,
}


class _Application(Application):  # type: ignore[misc]
    """The library's application without its detour: it walks all base classes of an object for every property read."""

    async def do_ReadPropertyMultipleRequest(self, apdu: Any) -> None:  # noqa: N802  # the library finds it by name
        """Answer a read of named properties; 'all' and its like are left to the library."""
        specs = apdu.listOfReadAccessSpecs
        if any(r.propertyIdentifier in _GROUPS for spec in specs for r in spec.listOfPropertyReferences):
            await super().do_ReadPropertyMultipleRequest(apdu)
            return
        found = [self.get_object_id(spec.objectIdentifier) for spec in specs]
        if not any(found):
            raise ObjectError(errorCode="unknownObject")
        results = [
            ReadAccessResult(
                objectIdentifier=spec.objectIdentifier,
                listOfResults=[
                    await read_property_to_result_element(one, r.propertyIdentifier, r.propertyArrayIndex)
                    for r in spec.listOfPropertyReferences
                ],
            )
            for spec, one in zip(specs, found, strict=True)
        ]
        await self.response(ReadPropertyMultipleACK(listOfReadAccessResults=results, context=apdu))


class BacnetServer:
    """One BACnet/IP device. Its priority arrays live in memory: after a stop and a start all slots are empty, as they
    are in a controller that lost its power, and `on_write` hears of each command that went with them.
    """

    def __init__(
        self,
        connection: BacnetConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        on_write: OnWrite,
    ) -> None:
        """`profiles` is not needed: all that BACnet wants to know stands in the points."""
        del profiles
        self._connection = connection
        self._points = {point.id: point for point in points}
        self._on_write = on_write
        self._app: Any = None
        self._objects: dict[str, Any] = {}
        self._observed: dict[str, float | None] = {point.id: None for point in points if not point.writable}
        self._shown: dict[str, float | None] = {}
        self._held: dict[str, float] = {}

    async def start(self) -> None:
        """Open the port and answer. OSError when the port is taken."""
        host, port = self._connection.host, self._connection.port
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, port))  # the library would share a taken port in silence
        for point_id in list(self._held):
            del self._held[point_id]
            self._on_write(point_id, None)
        self._objects = {point.id: self._object(point) for point in self._points.values()}
        self._app = _Application.from_object_list(
            [
                _device(self._connection),
                NetworkPortObject(f"{host}/24:{port}", objectIdentifier=("network-port", 1), objectName="BACnet/IP"),
                *self._objects.values(),
            ]
        )
        self._shown = {}
        self.update(self._observed)
        for _ in range(_OPEN_TRIES):
            if all(_is_up(link.server) for link in self._app.link_layers.values()):
                return
            await asyncio.sleep(_OPEN_PAUSE_S)
        await self.stop()
        raise OSError(f"BACnet/IP on {host}:{port}: the port could not be opened")

    async def stop(self) -> None:
        """Fall silent and free the port."""
        if self._app is None:
            return
        for detection in list(self._app._cov_detections.values()):  # noqa: SLF001  # the library keeps the timers there
            for subscription in list(detection.cov_subscriptions):
                self._app.cancel_subscription(subscription)
        self._app.close()
        self._app = None
        await asyncio.sleep(0)  # lets the transports close

    def update(self, values: Mapping[str, float | None]) -> None:
        """Show what the plant measures; None is a broken sensor. Points that are written show what they were told."""
        for point_id, value in values.items():
            if point_id not in self._observed:
                continue
            self._observed[point_id] = value
            if self._app is not None and self._shown.get(point_id, math.nan) != value:
                self._shown[point_id] = value
                _show(self._objects[point_id], _spec(self._points[point_id]), value)

    def _object(self, point: SitePoint) -> Any:
        spec = _spec(point)
        kind, instance = spec.object.split(",")
        rule = spec.write
        fields: dict[str, Any] = {
            "objectIdentifier": (kind, int(instance) + point.device.object_offset),
            "objectName": point.id,
            "description": point.spec.label.nb,
            "eventState": "normal",
            "outOfService": False,
            "presentValue": _primitive(spec, rule.relinquish if rule else _lowest(spec)),
        }
        if kind.startswith("analog"):
            fields["units"] = _UNITS.get(spec.shown_unit, "no-units")
            fields["covIncrement"] = (rule.step if rule else 0.0) or _COV_INCREMENT.get(spec.shown_unit, 1.0)
        elif kind.startswith("multi"):
            fields["numberOfStates"] = max(spec.states)
            fields["stateText"] = [
                spec.states[number + 1].en if number + 1 in spec.states else "-" for number in range(max(spec.states))
            ]
        elif kind != "binary-value":
            fields["polarity"] = "normal"
        made = _CLASSES[kind](**fields)
        made._rule = rule  # noqa: SLF001  # see _Guarded
        if rule is not None:
            made._written = lambda: self._tell(point.id)  # noqa: SLF001  # likewise
        return made

    def _tell(self, point_id: str) -> None:
        """Pass on what the array came to, when that is news."""
        made = self._objects[point_id]
        held = None if made.currentCommandPriority.null is not None else float(made.presentValue)
        if held != self._held.get(point_id):
            if held is None:
                del self._held[point_id]
            else:
                self._held[point_id] = held
            self._on_write(point_id, held)


def _is_up(server: Any) -> bool:
    """Whether the sockets are there; a stop before that would leave failing tasks behind."""
    return server.local_transport is not None and (server.broadcast_address is None or server.broadcast_transport)


def _device(connection: BacnetConnection) -> Any:
    return DeviceObject(
        objectIdentifier=("device", connection.device_instance),
        objectName=connection.id,
        vendorIdentifier=999,
        maxApduLengthAccepted=1476,
        segmentationSupported="segmented-both",
        maxSegmentsAccepted=64,
    )


def _spec(point: SitePoint) -> BacnetPoint:
    if not isinstance(point.spec, BacnetPoint):
        raise TypeError(f"{point.id}: its profile is not for BACnet")
    return point.spec


def _lowest(spec: BacnetPoint) -> float:
    """Something to show beside the fault flag before the first observation."""
    return float(min(spec.states)) if spec.states else 0.0


def _primitive(spec: BacnetPoint, value: float) -> Any:
    if spec.object.startswith("analog"):
        return value
    if spec.object.startswith("binary"):
        return BinaryPV("active" if value else "inactive")
    return round(value)


def _show(made: Any, spec: BacnetPoint, value: float | None) -> None:
    faulty = value is None or not math.isfinite(value)
    made.set_fault(faulty=faulty)
    if value is not None and not faulty:
        # Of an output that is not opened to us this fills slot 16, where the device's own control loop writes.
        made.presentValue = _primitive(spec, value)
