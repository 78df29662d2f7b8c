"""What a site consists of: zones, heat sources, tanks, circuits, electricity. One class an asset, from the site file.

Every asset names the `devices` it is read and written through; a signal of an asset is found by its name on those
devices (`Site.point`). Numbers here are the design values of the installation: control starts from them and learns,
the simulator deviates from them on purpose.
"""

from collections.abc import Iterable
from datetime import time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator

from models.field import Id, Strict
from models.profile import Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Facade = Literal["north", "east", "south", "west"]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
CurvePoint = tuple[float, float]
LocalTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$", "examples": ["07:30:00"]})
]
"""A local clock time. The schema's own format `time` would ask for a UTC offset, which a TOML local time has not."""


class Asset(Strict):
    """Anything with an id, a name people read, and the devices it is reached through."""

    id: Id
    name: Text
    devices: tuple[Id, ...] = ()


class Period(Strict):
    """Local hours of certain weekdays; `to` 00:00 means midnight at the end of the day. Never across midnight."""

    days: tuple[Day, ...] = Field(min_length=1)
    start: LocalTime
    to: LocalTime

    @field_validator("to")
    @classmethod
    def _within_one_day(cls, to: time, info: ValidationInfo) -> time:
        start = info.data.get("start")
        if start is not None and to != time(0) and to <= start:
            raise ValueError(f"must be after start {start}, or 00:00:00 for midnight")
        return to


class Room(Strict):
    """A resident's room: an air node of its own inside its unit, with a bathroom whose floor is heated all year."""

    id: Id
    name: Text
    devices: tuple[Id, ...]
    facade: Facade
    area_m2: Positive = 26.0
    window_m2: NotNegative = 3.2
    bathroom_floor_m2: NotNegative = 5.0
    setpoint_degc: float = Field(default=22.0, ge=20, le=24)


class ZoneKind(StrEnum):
    """What a zone is used for; decides whether it may be set back."""

    RESIDENTIAL = "residential"
    """People sleep here: no set-back, ever."""
    DAY = "day"
    OFFICE = "office"
    SERVICE = "service"


class Zone(Asset):
    """A thermal zone. Without rooms it is one air node; with rooms, the common area is one and each room another."""

    kind: ZoneKind
    area_m2: Positive
    """Heated floor area, rooms included."""
    heat_loss_w_per_k: Positive
    """Transmission and infiltration to the outside, rooms included, ventilation not."""
    mass_wh_per_m2_k: Positive = 60.0
    """Effective heat capacity; cross-laminated timber with screed lies at 50-80."""
    windows_m2: dict[Facade, NotNegative] = Field(default_factory=dict)
    """Glass of the common area (rooms carry their own)."""
    setpoint_degc: float = Field(default=21.0, ge=16, le=26)
    setback_degc: float | None = Field(default=None, ge=16, le=26)
    """Set point when nobody is there; None means no set-back."""
    occupied: tuple[Period, ...] = ()
    """When it is manned; a residential zone always is."""
    persons: NotNegative = 0
    """People present when it is occupied, at most."""
    equipment_w_per_m2: NotNegative = 3.0
    ventilation_m3_per_h: NotNegative = 0
    """Design supply air, rooms included."""
    air_handling: Id | None = None
    circuit: Id | None = None
    design_heat_w: Positive | None = None
    """Emitter output at the circuit's design supply temperature; None: sized from the heat loss."""
    rooms: tuple[Room, ...] = ()

    @field_validator("setback_degc")
    @classmethod
    def _sleepers_are_never_set_back(cls, setback_degc: float | None, info: ValidationInfo) -> float | None:
        if setback_degc is not None and info.data.get("kind") is ZoneKind.RESIDENTIAL:
            raise ValueError("not allowed in a residential zone: people sleep there")
        if setback_degc is not None and setback_degc > info.data.get("setpoint_degc", setback_degc):
            raise ValueError(f"must be at most setpoint_degc, {info.data['setpoint_degc']:g}")
        return setback_degc

    @field_validator("rooms")
    @classmethod
    def _rooms_are_lived_in(cls, rooms: tuple[Room, ...], info: ValidationInfo) -> tuple[Room, ...]:
        if rooms and info.data.get("kind", ZoneKind.RESIDENTIAL) is not ZoneKind.RESIDENTIAL:
            raise ValueError("only in a zone of kind 'residential'")
        return rooms


class Circuit(Asset):
    """A heating circuit behind a mixing valve, its substation holding the supply set point it is given."""

    kind: Literal["floor", "air"]
    curve: tuple[CurvePoint, ...] = Field(min_length=2)
    """Supply temperature over outdoor temperature [(degC outdoor, degC supply)], rising outdoor temperature."""
    max_supply_degc: float = Field(default=45.0, le=60)
    design_flow_l_per_h: Positive

    @field_validator("curve")
    @classmethod
    def _outdoor_rises(cls, curve: tuple[CurvePoint, ...]) -> tuple[CurvePoint, ...]:
        outdoor = [point[0] for point in curve]
        if outdoor != sorted(set(outdoor)):
            raise ValueError("outdoor temperatures must rise from point to point")
        return curve


class CertifiedPoint(Strict):
    """One point of an EN 14511 test: full capacity, or part of the compressors."""

    source_degc: float
    supply_degc: float
    compressors: int = Field(ge=1)
    heat_kw: Positive
    power_kw: Positive


class HeatPump(Asset):
    """A heat pump with one or more compressors of the same size."""

    source: Literal["wells", "air"]
    compressors: int = Field(ge=1, le=8)
    certified: tuple[CertifiedPoint, ...] = Field(min_length=2)
    supply_max_degc: float = 65.0
    return_max_degc: float = 58.0
    brine_out_min_degc: float = -8.0
    min_run_min: NotNegative = 15.0
    min_stop_min: NotNegative = 8.0
    max_starts_per_h: int = Field(default=4, ge=1)
    serves_hot_water: bool = True
    least_share: float = Field(default=0.3, gt=0, le=1)
    """Of a running compressor's full heat, where it modulates."""
    lowest_outdoor_degc: float | None = None
    """An air-source machine gives no heat in colder air; left out: it runs in any."""

    @field_validator("lowest_outdoor_degc")
    @classmethod
    def _of_the_air_it_takes_heat_from(cls, degc: float | None, info: ValidationInfo) -> float | None:
        if degc is not None and info.data.get("source") == "wells":
            raise ValueError("only where source is 'air'")
        return degc


class Wells(Asset):
    """The borehole field and its brine circuit."""

    count_x: int = Field(ge=1)
    count_y: int = Field(ge=1)
    depth_m: Positive
    spacing_m: Positive
    ground_conductivity_w_per_m_k: Positive
    ground_heat_capacity_mj_per_m3_k: Positive = 2.4
    resistance_m_k_per_w: Positive
    undisturbed_degc: float
    mean_fluid_min_degc: float = -1.0
    fluid_heat_capacity_kj_per_kg_k: Positive = 4.2
    design_flow_m3_per_h: Positive
    free_cooling_kw: NotNegative = 0.0
    season_budget_kwh: Positive | None = None
    """Heat that may be drawn from July to June, less what is put back; left out: no budget."""

    def meter(self, meters: Iterable["Meter"]) -> "Meter | None":
        """The one that measures the heat of the wells and nothing else."""
        return next((m for m in meters if m.purpose is Purpose.SOURCE and m.measures == (self.id,)), None)


class Boiler(Asset):
    """A staged electric boiler on the buffer."""

    stages: int = Field(ge=1)
    stage_kw: Positive
    normal_stages: int = Field(ge=0)
    """More than these are released only when a heat pump is lost or comfort or hygiene is at stake."""

    @field_validator("normal_stages")
    @classmethod
    def _not_more_than_there_are(cls, normal_stages: int, info: ValidationInfo) -> int:
        if normal_stages > info.data.get("stages", normal_stages):
            raise ValueError(f"must be at most stages, {info.data['stages']}")
        return normal_stages


class Tank(Asset):
    """A stratified vessel of heating water."""

    role: Literal["buffer", "solar", "heat_pump"]
    volume_m3: Positive
    loss_w_per_k: Positive
    max_degc: float = 90.0
    setpoint_degc: float | None = None
    """Charged to this at the top; None where a heating curve or the sun decides."""
    hysteresis_k: Positive = 5.0


class Loop(Asset):
    """A circulation loop of the hot-water system."""

    loss_kw: Positive
    flow_l_per_min: Positive


class HotWater(Asset):
    """Preheating, after-heater, mixing and circulation of the tap water."""

    litres_per_day_60degc: Positive
    after_heater_m3: Positive
    after_heater_stages: int = Field(ge=1)
    after_heater_stage_kw: Positive
    after_heater_loss_w_per_k: Positive = 4.0
    after_heater_degc: float = Field(default=70.0, ge=60, le=85)
    preheat_exchanger_kw_per_k: Positive
    """Exchanger between tap water and each preheating tank."""
    preheat_tanks: tuple[Id, ...] = ()
    """Tanks the cold water passes, in order."""
    tap_degc: float = Field(default=55.0, le=60)
    shower_degc: float = Field(default=38.0, le=40)
    loops: tuple[Loop, ...] = ()


class Hygiene(Strict):
    """Limits against legionella (FHI guidance, TEK17 15-5); lexicographic, above money."""

    storage_degc: float = Field(default=70.0, ge=60)
    supply_min_degc: float = Field(default=65.0, ge=60)
    return_min_degc: float = Field(default=60.0, ge=55)
    cycle_interval_days: float = Field(default=7.0, gt=0, le=14)
    """A proven heat cycle of the whole potable volume at least this often."""
    proof: tuple[tuple[float, float], ...] = ((60.0, 30.0), (70.0, 5.0))
    """[(degC, minutes)] at the coldest sensor, either of which proves a cycle."""
    alarm_below_degc: float = 60.0
    alarm_after_min: float = 30.0
    critical_below_degc: float = 55.0
    cold_water_max_degc: float = 20.0


class Collectors(Asset):
    """One field of solar thermal collectors with a pump of its own (EN ISO 9806 coefficients on the aperture)."""

    area_m2: Positive
    tilt_deg: float = Field(ge=0, le=90)
    azimuth_deg: float = Field(ge=0, lt=360)
    eta0: Fraction
    a1_w_per_m2_k: NotNegative
    a2_w_per_m2_k2: NotNegative
    iam50: Fraction = 0.92
    tank: Id
    design_flow_l_per_h: Positive
    on_difference_k: Positive = 7.0
    off_difference_k: Positive = 3.0
    stop_degc: float = 115.0
    wells_max_degc: float = 22.0
    """Warmest brine that surplus may be stored in the wells with."""


class PvArray(Asset):
    """Panels of one orientation on one inverter."""

    peak_kw: Positive
    tilt_deg: float = Field(ge=0, le=90)
    azimuth_deg: float = Field(ge=0, lt=360)
    inverter_kw: Positive


class AirHandling(Asset):
    """An air-handling unit."""

    flow_m3_per_h: Positive
    min_flow_pct: float = Field(default=35.0, ge=0, le=100)
    bedrooms: int = Field(default=0, ge=0)
    """Beds served; each is given at least 26 m3/h at any time."""
    recovery: Fraction
    sfp_kw_per_m3_s: Positive = 1.5
    heating_coil_kw: Positive
    cooling_coil_kw: NotNegative = 0.0
    circuit: Id
    occupied: tuple[Period, ...] = ()
    """Full air; outside these hours the minimum. Empty means always full air."""


class Blind(Asset):
    """External blinds of one facade, their wind guard hard-wired."""

    facade: Facade


class Departure(Strict):
    """When a car leaves, and with how much energy since it came back."""

    days: tuple[Day, ...] = Field(min_length=1)
    at: LocalTime
    energy_kwh: Positive


class Charger(Asset):
    """A charge point for a home-care car."""

    max_kw: Positive = 11.0
    phases: Literal[1, 3] = 3
    departures: tuple[Departure, ...] = ()
    always_ready: bool = False


class Purpose(StrEnum):
    """What metered energy is used for (the Norwegian sub-meter list)."""

    TOTAL = "total"
    ROOM_AND_AIR_HEAT = "room_and_air_heat"
    HOT_WATER = "hot_water"
    COOLING = "cooling"
    FANS_AND_PUMPS = "fans_and_pumps"
    LIGHT_AND_EQUIPMENT = "light_and_equipment"
    LARGE_USERS = "large_users"
    VEHICLES = "vehicles"
    SOURCE = "source"
    """Heat or electricity brought in: heat-pump output, solar, brine, PV."""


class Meter(Asset):
    """A meter; `measures` names the assets behind it (empty: whatever is not metered elsewhere)."""

    carrier: Literal["electricity", "heat"]
    purpose: Purpose
    measures: tuple[Id, ...] = ()


class Electricity(Strict):
    """The connection to the grid."""

    main_fuse_a: Positive
    voltage_v: Positive = 400.0
    feed_in_limit_kw: NotNegative = 100.0
    fixed_load_mwh_per_year: NotNegative
    """Light, equipment, kitchen, laundry, lifts: what nobody controls, fans and pumps not included."""

    @property
    def fuse_kw(self) -> float:
        """Power the main fuse allows at cos phi 1 [kW]."""
        return 3**0.5 * self.voltage_v * self.main_fuse_a / 1000
