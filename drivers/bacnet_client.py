"""Our own BACnet/IP station: one UDP port of the process, shared by all the devices it talks to."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bacpypes3.apdu import (
    APDU,
    ComplexAckPDU,
    ConfirmedRequestPDU,
    ErrorRejectAbortNack,
    SimpleAckPDU,
    SubscribeCOVRequest,
    UnconfirmedCOVNotificationRequest,
)
from bacpypes3.app import Application
from bacpypes3.appservice import ApplicationServiceAccessPoint
from bacpypes3.comm import ServiceAccessPoint, bind
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.netservice import NetworkServiceAccessPoint, NetworkServiceElement
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.codec_bacnet import Answers, Property, Value, application_value, decode_read, encode_read
from drivers.errors import Nonsense, Refused, Unreachable

_READ_PROPERTY_MULTIPLE: Final = 14
_WRITE_PROPERTY: Final = 15
_OPEN_TRIES: Final = 100
_OPEN_PAUSE_S: Final = 0.01

Sink = Callable[[int, Mapping[int, Value]], None]
"""Takes a notification: object identifier, and the values by property number."""


class _AccessPoint(ApplicationServiceAccessPoint):  # type: ignore[misc]  # the library has no types
    """Hands read answers up as octets: the library's own decoding costs more than all the rest of a scan."""

    async def sap_response(self, apdu: APDU) -> None:
        if isinstance(apdu, ComplexAckPDU) and apdu.apduService == _READ_PROPERTY_MULTIPLE:
            await ServiceAccessPoint.sap_response(self, apdu)
        else:
            await super().sap_response(apdu)


class _Station(Application):  # type: ignore[misc]
    """The library's application with our access point below it, and notifications going to `sinks`."""

    def __init__(self, device: DeviceObject, port: NetworkPortObject) -> None:
        super().__init__()
        self.sinks: dict[int, Sink] = {}
        self.asap = _AccessPoint(device, self.device_info_cache)
        self.nsap = NetworkServiceAccessPoint()
        self.nse = NetworkServiceElement()
        bind(self.nse, self.nsap)
        bind(self, self.asap, self.nsap)
        self.add_object(device)
        self.add_object(port)

    async def confirmation(self, apdu: APDU) -> None:
        # Of a request that our time-out has ended the library may still hear, and would set a future that is over.
        with contextlib.suppress(asyncio.InvalidStateError):
            await super().confirmation(apdu)

    async def do_UnconfirmedCOVNotificationRequest(self, apdu: UnconfirmedCOVNotificationRequest) -> None:  # noqa: N802
        sink = self.sinks.get(apdu.subscriberProcessIdentifier)
        if sink is not None:
            kind, instance = apdu.monitoredObjectIdentifier
            values: dict[int, Value] = {}
            for item in apdu.listOfValues:
                octets = bytes(item.value.tagList.encode().pduData).removeprefix(b"\x2e")  # its opening tag
                with contextlib.suppress(Nonsense):  # a property that is no number is none of ours
                    values[int(item.propertyIdentifier)] = application_value(octets)[0]
            sink(int(kind) << 22 | instance, values)


class BacnetClient:
    """One station for the whole process. `host` is our own address on the BACnet network, in the form '10.0.5.2/24'.

    Port 0 takes any free one; on a site it is 47808, which some devices insist on.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, device_instance: int = 4194000) -> None:
        self._host = host
        self._port = port
        self._instance = device_instance
        self._station: _Station | None = None
        self._process_ids = iter(range(1, 1 << 22))
        self._users: set[int] = set()

    async def open(self, process_id: int = 0) -> None:
        """Take the port, until `process_id` and all others for whom it was opened have left.

        Harmless when it is taken by us. Raises Unreachable when somebody else has it.
        """
        self._users.add(process_id)
        if self._station is not None:
            return
        _refuse_taken_port(self._host.partition("/")[0], self._port)
        address, _, mask = self._host.partition("/")
        where = f"{address}/{mask}:{self._port}" if mask else f"{address}:{self._port}"
        station = _Station(
            DeviceObject(
                objectIdentifier=("device", self._instance),
                objectName="bems",
                vendorIdentifier=999,
                maxApduLengthAccepted=1476,
                segmentationSupported="segmented-both",
                maxSegmentsAccepted=64,
                # Longer than any connection's time-out: the caller's own clock ends a request, the library only tidies.
                apduTimeout=30_000,
                numberOfApduRetries=0,
            ),
            NetworkPortObject(where, objectIdentifier=("network-port", 1), objectName="BACnet/IP"),
        )
        self._station = station
        # A close before the sockets are up would leave failing tasks behind.
        for _ in range(_OPEN_TRIES):
            if all(_is_up(link.server) for link in station.link_layers.values()):
                return
            await asyncio.sleep(_OPEN_PAUSE_S)
        await self.close()
        raise Unreachable(f"BACnet/IP on {where}: the port could not be opened")

    async def leave(self, process_id: int) -> None:
        """End the notifications for `process_id`; whoever leaves last closes the port. Harmless when not there."""
        self.listen(process_id, None)
        self._users.discard(process_id)
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """Give the port back, whoever uses it; harmless when it is not open."""
        self._users.clear()
        if self._station is not None:
            self._station.close()
            self._station = None
            await asyncio.sleep(0)  # lets the transports close before the loop may end

    def new_process_id(self) -> int:
        """A number that tells one subscriber's notifications from another's."""
        return next(self._process_ids)

    def listen(self, process_id: int, sink: Sink | None) -> None:
        """Send the notifications for `process_id` to `sink`; None ends it."""
        if self._station is None:
            return
        if sink is None:
            self._station.sinks.pop(process_id, None)
        else:
            self._station.sinks[process_id] = sink

    async def read(self, peer: Address, wanted: Sequence[Property], timeout_s: float) -> Answers:
        """The answers to one request. Raises Unreachable, Nonsense, or Refused with the device's reason."""
        request = ConfirmedRequestPDU(_READ_PROPERTY_MULTIPLE, destination=peer)
        request.put_data(encode_read(wanted))
        answer = await self._request(request, timeout_s)
        return decode_read(bytes(answer.pduData))

    async def write(self, peer: Address, request: bytes, timeout_s: float) -> None:
        """Send what `encode_write` made. Raises Unreachable, or Refused with the device's reason."""
        write = ConfirmedRequestPDU(_WRITE_PROPERTY, destination=peer)
        write.put_data(request)
        await self._request(write, timeout_s)

    async def subscribe(
        self, peer: Address, object_number: int, process_id: int, lifetime_s: int | None, timeout_s: float
    ) -> None:
        """Ask for unconfirmed notifications of one object for `lifetime_s`; None ends them. Raises as `write`."""
        request = SubscribeCOVRequest(
            subscriberProcessIdentifier=process_id,
            monitoredObjectIdentifier=_library_id(object_number),
            destination=peer,
        )
        if lifetime_s is not None:
            request.issueConfirmedNotifications = False
            request.lifetime = lifetime_s
        await self._request(request, timeout_s)

    async def _request(self, request: APDU, timeout_s: float) -> Any:
        if self._station is None:
            raise Unreachable("our own BACnet/IP port is not open")
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._station.request(request)
        except TimeoutError:
            raise Unreachable(f"no answer within {timeout_s} s") from None
        except ErrorRejectAbortNack as error:
            raise Refused(str(error)) from error
        if not isinstance(answer, SimpleAckPDU | ComplexAckPDU):
            raise Refused(f"unexpected answer {type(answer).__name__}")
        return answer


def _is_up(server: Any) -> bool:
    return server.local_transport is not None and (server.broadcast_address is None or server.broadcast_transport)


def _library_id(object_number: int) -> ObjectIdentifier:
    return ObjectIdentifier((object_number >> 22, object_number & 0x3FFFFF))


def _refuse_taken_port(host: str, port: int) -> None:
    """The library shares a taken port in silence, so ask first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unreachable(f"BACnet/IP on {host}:{port}: {error.strerror}") from error
