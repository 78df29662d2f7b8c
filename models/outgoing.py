"""What may leave the building: the one place that decides which values InfluxDB, MQTT, Grafana and exports may see.

Every public point leaves as it is. A personal point never leaves. It may count in an aggregate over rooms, and only if
it belongs to a room, is no counter and no state, and eight rooms or more of the zone have it. So that aggregates tell
of nobody by being compared with each other, no room is in two aggregates of one signal, there is no total beside them,
an aggregate is known only while every one of its rooms is (otherwise the room that is lost would be the difference
between before and after), and it is made once in a quarter of an hour. Points that the site does not know never leave.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from models.assets import Asset, Room, Zone
from models.field import Privacy, SitePoint
from models.profile import Text
from models.signals import Quality, Sample
from models.site import Site
from models.units import Unit

LEAST_ROOMS: Final = 8
"""Fewest rooms an aggregate may be made of."""
STEP: Final = timedelta(minutes=15)
"""Aggregates are made at every whole step of UTC."""
MAX_AGE: Final = timedelta(minutes=20)
"""A room's value counts for so long; the record holds a sample of every living point more often than that."""

Origin = Literal["modbus", "bacnet", "mqtt", "aggregate"]


@dataclass(frozen=True)
class Quantity:
    """One thing that may leave: a public point, or an aggregate of personal ones."""

    id: str
    """A point's own id; of an aggregate '<zone>_rooms.<signal>'."""
    kind: str
    """Kind of equipment, e.g. 'heat_pump'; the measurement in InfluxDB."""
    equipment: str
    """Id of the asset, or of the device where no asset uses it."""
    signal: str
    unit: Unit
    tag: str
    """TFM tag; of an aggregate its id, because no single component has it."""
    label: Text
    """Equipment and signal, for people."""
    counter: bool
    state: bool
    """A flag or a whole number with named states: holds until it changes, and has no mean."""
    origin: Origin
    """The protocol it is read by, or 'aggregate'."""
    sources: tuple[str, ...]
    """Ids of the points it is made of."""
    how: Literal["value", "mean", "count"]


class Value(NamedTuple):
    """One value that may leave. `value` is None exactly when `quality` is not GOOD."""

    quantity: Quantity
    at: datetime
    value: float | None
    quality: Quality


def outgoing(site: Site) -> tuple[Quantity, ...]:
    """Everything that may leave the site: its public points in the order of the file, then the aggregates."""
    places = _places(site)
    points = (_of_point(p, places.get(p.device.id)) for p in site.points.values() if p.privacy is Privacy.PUBLIC)
    return (*points, *(quantity for zone in site.zones for quantity in _of_rooms(site, zone)))


class Outflow:
    """Samples in, what may leave out. Fed with the same samples in the same order, it gives the same again.

    `memory` is what an earlier one ended with (`Outflow.memory`), so that a restart loses no aggregate.
    """

    def __init__(self, quantities: Iterable[Quantity], memory: Mapping[str, object] | None = None) -> None:
        quantities = tuple(quantities)
        self._points = {q.id: q for q in quantities if q.how == "value"}
        self._aggregates = [q for q in quantities if q.how != "value"]
        self._members = frozenset(source for q in self._aggregates for source in q.sources)
        self._known: dict[str, tuple[datetime, float]] = {}
        self._next: datetime | None = None
        self.latest: dict[str, Value] = {}
        """The newest value of every quantity that was seen, by its id."""
        self._recall(memory or {})

    def take(self, samples: Iterable[Sample]) -> list[Value]:
        """What may leave because of these samples; aggregates when the time of a sample passes a step."""
        found: list[Value] = []
        for sample in samples:
            if self._next is None:
                self._next = _floor(sample.at) + STEP
            elif sample.at >= self._next:
                found += self._aggregated(self._next)
                self._next = _floor(sample.at) + STEP
            if sample.point in self._members:
                self._remember(sample)
            elif (quantity := self._points.get(sample.point)) is not None:
                found.append(Value(quantity, sample.at, sample.value, sample.quality))
        for value in found:
            before = self.latest.get(value.quantity.id)
            if before is None or value.at >= before.at:
                self.latest[value.quantity.id] = value
        return found

    @property
    def memory(self) -> dict[str, object]:
        """What has to be known to go on from here, as JSON can hold it. It holds personal values: never to be sent."""
        known = {point: [at.isoformat(), value] for point, (at, value) in self._known.items()}
        return {"next": None if self._next is None else self._next.isoformat(), "known": known}

    def _recall(self, memory: Mapping[str, object]) -> None:
        if isinstance(following := memory.get("next"), str):
            self._next = datetime.fromisoformat(following)
        if isinstance(known := memory.get("known"), dict):
            self._known = {
                point: (datetime.fromisoformat(at), value)
                for point, (at, value) in known.items()
                if point in self._members
            }

    def _remember(self, sample: Sample) -> None:
        before = self._known.get(sample.point)
        if before is not None and sample.at < before[0]:
            return
        if sample.value is None or sample.quality is not Quality.GOOD:
            self._known.pop(sample.point, None)
        else:
            self._known[sample.point] = (sample.at, sample.value)

    def _aggregated(self, at: datetime) -> Iterator[Value]:
        for quantity in self._aggregates:
            held = [self._known[source] for source in quantity.sources if source in self._known]
            values = [value for since, value in held if at - since <= MAX_AGE]
            if len(values) < len(quantity.sources):
                yield Value(quantity, at, None, Quality.OFFLINE)
            elif quantity.how == "count":
                yield Value(quantity, at, float(sum(value > 0.5 for value in values)), Quality.GOOD)
            else:
                yield Value(quantity, at, round(sum(values) / len(values), 1), Quality.GOOD)


def _floor(at: datetime) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // STEP * STEP


def _of_point(point: SitePoint, place: tuple[str, str, Text] | None) -> Quantity:
    device, spec = point.device, point.spec
    kind, equipment, name = place or ("device", device.id, device.label)
    return Quantity(
        id=point.id,
        kind=kind,
        equipment=equipment,
        signal=spec.name,
        unit=spec.shown_unit,
        tag=point.tag,
        label=_titled(name, spec.label),
        counter=spec.counter,
        state=_is_state(point),
        origin=_ORIGIN[type(spec).__name__],
        sources=(point.id,),
        how="value",
    )


_ORIGIN: Final[Mapping[str, Origin]] = {"ModbusPoint": "modbus", "BacnetPoint": "bacnet", "MqttPoint": "mqtt"}


def _titled(name: Text, signal: Text) -> Text:
    return Text(nb=f"{name.nb}: {_inside(signal.nb)}", en=f"{name.en}: {_inside(signal.en)}")


def _inside(words: str) -> str:
    """Without its capital, as it stands inside a sentence; CO2 and L1 stay as they are."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def _is_state(point: SitePoint) -> bool:
    return point.spec.shown_unit in (Unit.STATE, Unit.BOOL)


def _places(site: Site) -> dict[str, tuple[str, str, Text]]:
    """Kind, id and name of the asset that uses each device; of the first one where several do, meters last."""
    single: list[tuple[str, Asset | None]] = [
        ("wells", site.wells),
        ("hot_water", site.hot_water),
    ]
    several: list[tuple[str, Iterable[Asset | Room]]] = [
        ("solar", site.collectors),
        ("heat_pump", site.heat_pumps),
        ("boiler", site.boilers),
        ("district_heat", site.district_heat),
        ("tank", site.tanks),
        ("circulation", site.hot_water.loops if site.hot_water is not None else ()),
        ("circuit", site.circuits),
        ("air_handling", site.air_handling),
        ("pv", site.pv),
        ("battery", site.batteries),
        ("blind", site.blinds),
        ("charger", site.chargers),
        ("room", [room for zone in site.zones for room in zone.rooms]),
        ("zone", site.zones),
        ("meter", site.meters),
    ]
    assets = [(kind, asset) for kind, asset in single if asset is not None]
    assets_and_rooms: list[tuple[str, Asset | Room]] = [*assets, *((k, a) for k, group in several for a in group)]
    places: dict[str, tuple[str, str, Text]] = {}
    for kind, asset in assets_and_rooms:
        for device in asset.devices:
            places.setdefault(device, (kind, asset.id, asset.name))
    stations = (device for device in site.devices if device.id in site.weather_station)
    return places | {station.id: ("weather", station.id, station.label) for station in stations}


def _of_rooms(site: Site, zone: Zone) -> Iterator[Quantity]:
    """The aggregates of a zone's personal points: none of fewer than eight rooms, no room in two of one signal."""
    by_signal: dict[str, list[SitePoint]] = {}
    taken: set[str] = set()
    for room in zone.rooms:
        for signal in dict.fromkeys(p.spec.name for p in site.points.values() if p.device.id in room.devices):
            point = site.points[site.find(room.devices, signal) or ""]
            if point.privacy is Privacy.PERSONAL and point.id not in taken:
                taken.add(point.id)
                by_signal.setdefault(signal, []).append(point)
    for points in by_signal.values():
        kinds = {(p.spec.shown_unit, p.spec.counter) for p in points}
        unit, counter = points[0].spec.shown_unit, points[0].spec.counter
        if len(points) < LEAST_ROOMS or len(kinds) > 1 or counter or unit is Unit.STATE:
            continue
        groups = len(points) // LEAST_ROOMS
        for number in range(groups):
            yield _of_group(site, zone, points[number::groups], number + 1 if groups > 1 else None)


def _of_group(site: Site, zone: Zone, points: list[SitePoint], number: int | None) -> Quantity:
    spec = points[0].spec
    count = spec.shown_unit is Unit.BOOL
    name = f"{zone.id}_rooms" if number is None else f"{zone.id}_rooms_{number}"
    while any(device.id == name for device in site.devices):
        name += "_all"
    signal = f"{spec.name}_count" if count else f"mean_{spec.name}"
    what = ("antall", "number of:") if count else ("snitt av", "mean of")
    nb, en = f"{what[0]} {_inside(spec.label.nb)}", f"{what[1]} {_inside(spec.label.en)}"
    where = "" if number is None else f" {number}"
    return Quantity(
        id=f"{name}.{signal}",
        kind="rooms",
        equipment=name,
        signal=signal,
        unit=Unit.COUNT if count else spec.shown_unit,
        tag=f"{name}.{signal}",
        label=Text(
            nb=f"{zone.name.nb}, {len(points)} rom{where}: {nb}", en=f"{zone.name.en}, {len(points)} rooms{where}: {en}"
        ),
        counter=False,
        state=False,
        origin="aggregate",
        sources=tuple(point.id for point in points),
        how="count" if count else "mean",
    )
