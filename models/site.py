"""The site: one immutable description of a building and its plant, read from one TOML file.

`load_site` either returns a Site that every other part can trust, or raises SiteError with all faults at once.
"""

import tomllib
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from models.access import FEWEST_TOLD, Access
from models.alarming import AlarmRule, Alerts
from models.assets import (
    AirHandling,
    Asset,
    Blind,
    Boiler,
    Charger,
    Circuit,
    Collectors,
    Electricity,
    HeatPump,
    HotWater,
    Hygiene,
    Meter,
    PvArray,
    Tank,
    Wells,
    Zone,
)
from models.battery import Battery
from models.closures import Closed, closures_of
from models.district_heat import DistrictHeat
from models.faults import Fault, SiteError, with_ids, worded
from models.field import Connection, Device, Id, SitePoint, Strict, points_of
from models.keeping import RecordKeeping
from models.legionella import Legionella
from models.profile import Profile, Text, load_profile
from models.promotion import Control
from models.reporting import Reporting
from models.site_check import reference_faults, salvage
from models.targets import Influx, Monitoring, MqttOut
from models.tariff import TariffConfig


class Place(Strict):
    """Where the site is."""

    latitude_deg: float = Field(ge=-90, le=90)
    longitude_deg: float = Field(ge=-180, le=180)
    altitude_m: int = Field(ge=-400, le=4000)
    time_zone: str = "Europe/Oslo"
    price_area: Literal["NO1", "NO2", "NO3", "NO4", "NO5"] = "NO1"

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise ValueError("must be the name of a time zone, such as Europe/Oslo") from error
        return name


class Feeds(Strict):
    """Prices and weather from the internet; used by `bems run` only, never by the demo."""

    contact: str
    """E-mail or web address; MET Norway asks for it in the User-Agent."""


class BacnetStation(Strict):
    """Our own station on the BACnet network."""

    host: str = "127.0.0.1/24"
    """Our address with the mask's length."""
    port: int = Field(default=0, ge=0, le=65535)
    """0 takes any free port; on a site it is 47808, which some devices insist on."""


class Site(Strict):
    """Everything the system knows about the building before it has read a single value."""

    schema_version: Literal[1]
    id: Id
    name: Text
    residents: int = Field(ge=0)
    place: Place
    feeds: Feeds
    electricity: Electricity
    tariff: TariffConfig
    tariff_choices: dict[Id, TariffConfig] = Field(default_factory=dict)
    """Other contracts that may be chosen in the settings instead of `tariff`, by a name of their own."""
    hygiene: Hygiene = Hygiene()
    legionella: Legionella = Legionella()
    """The register of taps, and what is done at them."""
    control: Control = Control()
    record: RecordKeeping = RecordKeeping()
    influx: Influx | None = None
    mqtt_out: MqttOut | None = None
    alarms: tuple[AlarmRule, ...] = ()
    """What is to be known of alarms here, beyond the system's own list."""
    alerts: Alerts = Alerts()
    monitoring: Monitoring = Monitoring()
    reports: Reporting = Reporting()
    """What reports measure against: baseline, normal year, budgets."""
    access: Access = Access()
    bacnet_station: BacnetStation = BacnetStation()
    connections: tuple[Connection, ...]
    devices: tuple[Device, ...]
    zones: tuple[Zone, ...]
    circuits: tuple[Circuit, ...]
    air_handling: tuple[AirHandling, ...] = ()
    heat_pumps: tuple[HeatPump, ...] = ()
    wells: Wells | None = None
    boilers: tuple[Boiler, ...] = ()
    tanks: tuple[Tank, ...] = ()
    hot_water: HotWater | None = None
    collectors: tuple[Collectors, ...] = ()
    district_heat: tuple[DistrictHeat, ...] = ()
    pv: tuple[PvArray, ...] = ()
    batteries: tuple[Battery, ...] = ()
    blinds: tuple[Blind, ...] = ()
    chargers: tuple[Charger, ...] = ()
    meters: tuple[Meter, ...]
    closed: tuple[Closed, ...] = ()
    """Holidays and other days on which timetables do not apply."""
    weather_station: tuple[Id, ...] = ()
    """Devices that measure the weather on the roof."""
    profile_folder: str | None = None
    """Own device profiles, relative to the site file."""

    @field_validator("access")
    @classmethod
    def _few_are_not_told_of(cls, access: Access, info: ValidationInfo) -> Access:
        if access.open_data and 0 < info.data.get("residents", 0) < FEWEST_TOLD:
            raise ValueError(f"open_data needs {FEWEST_TOLD} residents or more, or none: an hour would tell of few")
        return access

    @field_validator("meters")
    @classmethod
    def _the_wells_budget_is_metered(cls, meters: tuple[Meter, ...], info: ValidationInfo) -> tuple[Meter, ...]:
        wells: Wells | None = info.data.get("wells")
        if wells is not None and wells.season_budget_kwh is not None and wells.meter(meters) is None:
            needed = f"a heat meter of purpose source that measures {wells.id} alone"
            raise ValueError(f"wells.season_budget_kwh needs {needed}")
        return meters

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """The profiles its devices use, by name; loaded once. `load_site` has proven that all of them load."""
        folder = Path(self.profile_folder) if self.profile_folder else None
        return {name: load_profile(name, folder) for name in sorted({d.profile for d in self.devices})}

    @cached_property
    def points(self) -> dict[str, SitePoint]:
        """Every point by id, in the order of the file."""
        return {p.id: p for device in self.devices for p in points_of(device, self.profiles[device.profile])}

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """Local time zone, for days and schedules."""
        return ZoneInfo(self.place.time_zone)

    def closures(self, asset: Zone | AirHandling) -> tuple[Closed, ...]:
        """When the asset's timetable does not apply."""
        return closures_of(asset, self.closed, self.zones, self.residents > 0) if self.closed else ()

    def find(self, devices: tuple[str, ...], signal: str) -> str | None:
        """Id of the point with this signal on one of the devices, or None."""
        try:
            return self._found[devices, signal]
        except KeyError:
            ids = (f"{device}.{signal}" for device in devices)
            found = self._found[devices, signal] = next((point for point in ids if point in self.points), None)
            return found

    @cached_property
    def _found(self) -> dict[tuple[tuple[str, ...], str], str | None]:
        """Answers of `find` so far: control asks the same hundreds of times in every decision."""
        return {}

    def point(self, asset: Asset, signal: str) -> str:
        """Id of the asset's point; KeyError when none of its devices has it (a checked site never fails here)."""
        found = self.find(asset.devices, signal)
        if found is None:
            raise KeyError(f"{asset.id}: no signal '{signal}' on devices {', '.join(asset.devices)}")
        return found


@cache
def site_schema() -> dict[str, Any]:
    """JSON Schema of site files, for editors and for the words of faults. Shared: not to be changed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Site.model_json_schema()}


def load_site(path: Path) -> Site:
    """The site described by the file; SiteError names every fault with its path, value and what is allowed."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SiteError(str(path), [Fault("(file)", str(error.strerror), "a readable TOML file")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteError(str(path), [Fault("(file)", str(error), "valid TOML in UTF-8")]) from error
    return parse_site(raw, str(path), path.parent)


def parse_site(raw: dict[str, Any], file: str, folder: Path) -> Site:
    """The site from parsed TOML; `folder` is where relative paths start."""
    if isinstance(own := raw.get("profile_folder"), str):
        raw = {**raw, "profile_folder": str(folder / own)}
    faults: list[Fault] = []
    site: Site | None = None
    try:
        site = Site.model_validate(raw)
    except ValidationError as error:
        faults += worded(error, site_schema())
    faults += reference_faults(salvage(raw, Site.model_fields))
    if faults or site is None:
        raise SiteError(file, [replace(fault, path=with_ids(fault.path, raw)) for fault in faults])
    return site
