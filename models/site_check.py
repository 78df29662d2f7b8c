"""Faults of a site file that only show between its parts: references, clashes, missing signals, tags used twice.

Works on whatever parts of a broken file are sound on their own, so that one run names every fault.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from models.assets import Asset
from models.faults import Fault
from models.field import Connection, Device, points_of
from models.profile import BacnetProfile, ModbusProfile, MqttProfile, Profile, ProfileError, load_profile

REQUIRED_SIGNALS: Final[dict[str, tuple[str, ...]]] = {
    "heat_pumps": ("supply_temp_degc", "return_temp_degc", "stage_request", "supply_setpoint_degc", "compressor_1_on"),
    "wells": ("from_wells_temp_degc", "to_wells_temp_degc"),
    "boilers": ("stage_request", "stages_on", "power_kw", "overheat_trip"),
    "tanks": ("layer_1_temp_degc", "layer_4_temp_degc"),
    "hot_water": ("supply_temp_degc", "top_temp_degc", "bottom_temp_degc", "stage_request", "circulation_pump_on"),
    "loops": ("return_temp_degc",),
    "circuits": ("supply_temp_degc", "return_temp_degc", "supply_setpoint_degc"),
    "air_handling": ("supply_temp_degc", "supply_setpoint_degc", "airflow_request_pct"),
    "collectors": ("collector_temp_degc", "pump_pct"),
    "district_heat": ("supply_setpoint_degc", "supply_temp_degc", "power_kw"),
    "pv": ("ac_power_kw", "power_limit_pct"),
    "batteries": ("state_of_charge_pct", "power_kw", "power_setpoint_kw"),
    "blinds": ("position_pct",),
    "chargers": ("power_kw", "mode3_state", "max_current_a"),
    "meters": ("power_kw",),
    "zones": ("temp_degc",),
    "rooms": ("temp_degc", "setpoint_degc"),
}
"""Signals without which an asset cannot be looked after, by the list it stands in."""


@dataclass
class Parts:
    """The sound parts of a site file: assets with the path they stand at, and the device layer."""

    connections: dict[str, tuple[str, Connection]] = field(default_factory=dict)
    devices: dict[str, tuple[str, Device]] = field(default_factory=dict)
    assets: list[tuple[str, str, Asset]] = field(default_factory=list)
    """(kind, path, asset); rooms and loops stand beside the assets they belong to."""
    weather_station: tuple[str, ...] = ()
    zones_by_rules: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    """(path, zone) of every zone that a closure names."""
    fed_by: tuple[tuple[str, str], ...] = ()
    """(path, loop) of every place of the legionella file that names its circulation."""
    mail_without_server: bool = False
    """Reports are to be sent by e-mail, and there is no server to take them."""
    profile_folder: Path | None = None
    named: dict[str, set[str]] = field(default_factory=dict)
    """Ids by list, unsound parts included: a part that is wrong in itself is not missing as well."""
    faults: list[Fault] = field(default_factory=list)


def salvage(raw: dict[str, Any], fields: Mapping[str, FieldInfo]) -> Parts:
    """Everything of the parsed TOML that is valid taken alone; ids used twice are faults already.

    `fields` are those of Site: they name the lists and what stands in them.
    """
    folder = raw.get("profile_folder")
    parts = Parts(profile_folder=Path(folder) if isinstance(folder, str) else None)
    parts.weather_station = _words(raw.get("weather_station"))
    control = raw.get("control")
    parts.zones_by_rules = _words(control.get("zones_by_rules")) if isinstance(control, dict) else ()
    parts.closed = tuple(
        (f"closed[{at}].zones[{index}]", zone)
        for at, one in enumerate(_tables(raw.get("closed")))
        for index, zone in enumerate(_words(one.get("zones")))
    )
    legionella = raw.get("legionella")
    places = _tables(legionella.get("places")) if isinstance(legionella, dict) else []
    parts.fed_by = tuple(
        (f"legionella.places[{at}].loop", one["loop"])
        for at, one in enumerate(places)
        if isinstance(one.get("loop"), str)
    )
    reports, alerts = raw.get("reports"), raw.get("alerts")
    has_server = isinstance(alerts, dict) and "smtp" in alerts
    parts.mail_without_server = isinstance(reports, dict) and "email" in reports and not has_server
    parts.named = _named(raw)
    for path, connection in _sound(raw.get("connections"), "connections", TypeAdapter(Connection)):
        _add(parts, parts.connections, path, connection)
    for path, device in _sound(raw.get("devices"), "devices", TypeAdapter(Device)):
        _add(parts, parts.devices, path, device)
    for kind, element in _asset_types(fields):
        for path, asset in _sound(raw.get(kind), kind, TypeAdapter(element)):
            parts.assets.append((kind, path, asset))
            for inner in ("rooms", "loops"):
                for index, child in enumerate(getattr(asset, inner, ())):
                    parts.assets.append((inner, f"{path}.{inner}[{index}]", child))
    return parts


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _named(raw: dict[str, Any]) -> dict[str, set[str]]:
    """Every id in the file by the list it stands in, `rooms` and `loops` beside the lists that hold them."""
    named: dict[str, set[str]] = {}
    for kind in ("connections", "devices", *REQUIRED_SIGNALS):
        for item in _tables(raw.get(kind)):
            for inner, tables in ((kind, [item]), *((key, _tables(item.get(key))) for key in ("rooms", "loops"))):
                found = [table.get("id") for table in tables]
                named.setdefault(inner, set()).update(name for name in found if isinstance(name, str))
    return named


def _tables(value: object) -> list[dict[str, Any]]:
    """The tables of a list, or the one table itself; whatever else stands there is left out."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _asset_types(fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, Any]]:
    """(key, element type) of every part of Site that is an asset or a list of them."""
    for key, info in fields.items():
        if key in REQUIRED_SIGNALS:
            is_list = get_origin(info.annotation) is tuple
            yield key, get_args(info.annotation)[0] if is_list else info.annotation


def _sound(value: Any, key: str, adapter: TypeAdapter[Any]) -> Iterator[tuple[str, Any]]:
    """(path, element) of the elements that are valid alone; a table counts as a list of one without an index."""
    items = [(f"{key}[{i}]", item) for i, item in enumerate(value)] if isinstance(value, list) else [(key, value)]
    for path, item in items:
        try:
            element = adapter.validate_python(item)
        except ValidationError:
            continue  # Site.model_validate names what is wrong with it
        if element is not None:
            yield path, element


def _add(parts: Parts, known: dict[str, tuple[str, Any]], path: str, element: Any) -> None:
    if element.id in known:
        parts.faults.append(
            Fault(f"{path}.id", repr(element.id), f"ids are unique, {known[element.id][0]} has it already")
        )
    else:
        known[element.id] = (path, element)


def reference_faults(parts: Parts) -> list[Fault]:
    """All faults between the parts, in the order of the file."""
    profiles = _profiles(parts)
    return [
        *parts.faults,
        *_device_faults(parts, profiles),
        *_address_faults(parts, profiles),
        *_tag_faults(parts, profiles),
        *_asset_faults(parts, profiles),
    ]


def _profiles(parts: Parts) -> dict[str, Profile]:
    loaded: dict[str, Profile] = {}
    failed: set[str] = set()
    for path, device in parts.devices.values():
        if device.profile in loaded or device.profile in failed:
            continue
        try:
            loaded[device.profile] = load_profile(device.profile, parts.profile_folder)
        except (ProfileError, OSError, UnicodeDecodeError) as error:
            failed.add(device.profile)
            parts.faults += [Fault(f"{path}.profile", repr(device.profile), line) for line in str(error).splitlines()]
    return loaded


def _device_faults(parts: Parts, profiles: dict[str, Profile]) -> Iterator[Fault]:
    for path, device in parts.devices.values():
        found = parts.connections.get(device.connection)
        profile = profiles.get(device.profile)
        if device.connection not in parts.named.get("connections", ()):
            allowed = f"one of {_names(parts.named.get('connections', ()))}"
            yield Fault(f"{path}.connection", repr(device.connection), allowed)
        elif found is not None and profile is not None and profile.protocol != found[1].protocol:
            allowed = f"a connection of protocol '{profile.protocol}', which profile '{device.profile}' speaks"
            yield Fault(f"{path}.connection", repr(device.connection), allowed)
        if profile is None:
            continue
        for key, needed in (("unit_id", profile.protocol == "modbus"), ("topic", profile.protocol == "mqtt")):
            given = getattr(device, key)
            if needed != (given is not None):
                yield Fault(f"{path}.{key}", repr(given), f"{'needed' if needed else 'not used'} on {profile.protocol}")
        names = {point.name for point in profile.all_points}
        for key in ("signals", "personal"):
            for name in getattr(device, key) or ():
                if name not in names:
                    yield Fault(
                        f"{path}.{key}", repr(name), f"a signal of '{device.profile}': {', '.join(sorted(names))}"
                    )


def _address_faults(parts: Parts, profiles: dict[str, Profile]) -> Iterator[Fault]:
    ports: dict[tuple[str, int], str] = {}
    for path, connection in parts.connections.values():
        other = ports.setdefault((connection.host, connection.port), path)
        if other != path:
            yield Fault(f"{path}.port", str(connection.port), f"{other} uses this host and port already")
    taken: dict[tuple[str, object], str] = {}
    for path, device in parts.devices.values():
        for key, address in _addresses(device, profiles.get(device.profile)):
            other = taken.setdefault((device.connection, address), path)
            if other != path:
                yield Fault(f"{path}.{key}", repr(getattr(device, key)), f"{other} has {address} already")
                break


def _addresses(device: Device, profile: Profile | None) -> Iterator[tuple[str, object]]:
    """(field that decides it, address) of everything the device occupies on its connection."""
    if isinstance(profile, ModbusProfile):
        yield "unit_id", f"unit {device.unit_id}"
    elif isinstance(profile, MqttProfile):
        yield "topic", f"topic {device.topic}"
    elif isinstance(profile, BacnetProfile):
        for point in profile.points:
            kind, _, instance = point.object.partition(",")
            yield "object_offset", f"{kind},{int(instance) + device.object_offset}"


def _tag_faults(parts: Parts, profiles: dict[str, Profile]) -> Iterator[Fault]:
    tags: dict[str, str] = {}
    for path, device in parts.devices.values():
        if device.profile not in profiles:
            continue
        try:
            points = points_of(device, profiles[device.profile])
        except KeyError:
            continue  # named above
        for point in points:
            other = tags.setdefault(point.tag, path)
            if other != path:
                yield Fault(f"{path}.system", repr(device.system), f"tag {point.tag} is {other}'s already")
                break


def _asset_faults(parts: Parts, profiles: dict[str, Profile]) -> Iterator[Fault]:
    ids: dict[str, dict[str, str]] = {}
    for kind, path, asset in parts.assets:
        other = ids.setdefault(kind, {}).setdefault(asset.id, path)
        if other != path:
            yield Fault(f"{path}.id", repr(asset.id), f"ids are unique, {other} has it already")
    for kind, path, asset in parts.assets:
        for name in asset.devices:
            if name not in parts.named.get("devices", ()):
                yield Fault(f"{path}.devices", repr(name), "the id of a device in `devices`")
        devices = [parts.devices[name][1] for name in asset.devices if name in parts.devices]
        if len(devices) < len(asset.devices) or any(d.profile not in profiles for d in devices):
            continue  # what is missing is named above; its signals cannot be known
        signals = {name for d in devices for name in d.signals or tuple(p.name for p in profiles[d.profile].all_points)}
        for signal in REQUIRED_SIGNALS[kind]:
            if signal not in signals:
                allowed = f"a device with the signal '{signal}' among them"
                yield Fault(f"{path}.devices", repr(list(asset.devices)), allowed)
    yield from _link_faults(parts)
    yield from _list_faults(parts)


def _list_faults(parts: Parts) -> Iterator[Fault]:
    """Lists of names that stand outside any asset."""
    for index, station in enumerate(parts.weather_station):
        if station not in parts.named.get("devices", ()):
            yield Fault(f"weather_station[{index}]", repr(station), "the id of a device in `devices`")
    for index, zone in enumerate(parts.zones_by_rules):
        if zone not in parts.named.get("zones", ()):
            allowed = f"one of {_names(parts.named.get('zones', ()))}"
            yield Fault(f"control.zones_by_rules[{index}]", repr(zone), allowed)
    if parts.mail_without_server:
        yield Fault("reports.email", "a table", "needs a mail server: [alerts.smtp]")
    for path, loop in parts.fed_by:
        if loop not in parts.named.get("loops", ()):
            yield Fault(path, repr(loop), f"one of {_names(parts.named.get('loops', ()))}")
    for path, zone in parts.closed:
        if zone not in parts.named.get("zones", ()):
            yield Fault(path, repr(zone), f"one of {_names(parts.named.get('zones', ()))}")


def _link_faults(parts: Parts) -> Iterator[Fault]:
    """Assets that name other assets."""
    every = {name for kind, names in parts.named.items() if kind in REQUIRED_SIGNALS for name in names}
    links = (
        ("zones", "circuit", "circuits"),
        ("zones", "air_handling", "air_handling"),
        ("air_handling", "circuit", "circuits"),
        ("collectors", "tank", "tanks"),
        ("hot_water", "preheat_tanks", "tanks"),
        ("meters", "measures", None),
    )
    for kind, path, asset in parts.assets:
        for owner, key, target in links:
            if kind != owner or (value := getattr(asset, key)) is None:
                continue
            allowed = parts.named.get(target, set()) if target else every
            for name in value if isinstance(value, tuple) else (value,):
                if name not in allowed:
                    yield Fault(f"{path}.{key}", repr(name), f"one of {_names(allowed)}")


def _names(known: Collection[str]) -> str:
    return ", ".join(sorted(known)) or "(none defined)"
