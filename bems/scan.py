"""`bems scan bacnet`: who is on the network and what it offers, for whoever writes a site file."""

import asyncio
from collections.abc import Sequence

from bems.process import complain, say
from drivers.bacnet_scan import FoundDevice, scan


def scan_bacnet(own_address: str, own_port: int, addresses: Sequence[str]) -> int:
    """Print every device that answers, with its objects. Exit code 1 when none does."""
    where = ", ".join(addresses) if addresses else "the whole network, by broadcast"
    say(f"Asking {where} from {own_address}:{own_port} ...")
    devices = asyncio.run(scan(own_address, own_port, addresses, lambda text: say(f"  {text}")))
    if not devices:
        complain("Nobody answered. Is our address (--own) on the devices' network? Is UDP port 47808 let through?")
        return 1
    for device in devices:
        _print(device)
    return 0


def _print(device: FoundDevice) -> None:
    say(f"\ndevice {device.instance} at {device.address}: {len(device.objects)} objects")
    for found in device.objects:
        value = " ".join(text for text in (_short(found.present_value), found.units) if text)
        say(f"  {found.object:<24} {found.name or '':<36} {value:<28} {found.description or ''}".rstrip())


def _short(value: str | None) -> str | None:
    """Single-precision numbers come with digits that mean nothing."""
    try:
        return value and f"{float(value):g}"
    except ValueError:
        return value
