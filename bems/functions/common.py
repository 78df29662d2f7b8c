"""What every system's description has: the points that raise alarms, what they fall to, how a restart goes."""

from collections.abc import Iterable, Sequence
from typing import Final

from bems.functions.words import amount, say
from control import guard, picture
from dashboards.ports.function import FallView, FunctionView, Origin, SetPointView
from models.field import SitePoint
from models.point import Persistence, WriteRule
from models.priority import Level
from models.profile import Text
from models.site import Site
from models.units import Unit

PLAIN: Final = (Unit.STATE, Unit.BOOL, Unit.COUNT)
"""Units that nobody writes out."""


class Sheet:
    """A description that is being written."""

    def __init__(self, site: Site, system: str, title: str) -> None:
        self.site = site
        self.system = system
        self.title = say(f"title.{title}")
        self.purpose: list[Text] = []
        self.sequence: list[Text] = [say("common.naive")] if site.control.runs_naive else []
        self.set_points: list[SetPointView] = []
        self.interlocks: list[Text] = []
        self.failures: list[Text] = []
        self.duties: list[Text] = []
        self.restart: list[Text] = []

    def number(self, name: Text, value: Text, origin: Origin, point: str | None = None) -> None:
        """A number that decides."""
        self.set_points.append(SetPointView(name, value, origin, point))

    def done(self, devices: Iterable[str]) -> FunctionView:
        """With what all systems share; `devices` are those of the system."""
        points = _points(self.site, devices)
        return FunctionView(
            system=self.system,
            title=self.title,
            purpose=tuple(self.purpose),
            sequence=tuple(self.sequence),
            set_points=tuple(self.set_points),
            interlocks=(*self.interlocks, *_always()),
            failures=(*self.failures, say("common.late", young_s=picture.YOUNG_S)),
            alarms=tuple(point.id for point in points if point.spec.alarm),
            duties=(*self.duties, say("heat.fallback")),
            restart=(*self.restart, *_restart()),
            falls=falls_of(points),
        )


def _points(site: Site, devices: Iterable[str]) -> list[SitePoint]:
    wanted = set(devices)
    return [point for point in site.points.values() if point.device.id in wanted]


def _always() -> tuple[Text, ...]:
    levels = {"guard": Level.CRITICAL, "operator": Level.OPERATOR, "rules": Level.RULES}
    return (say("common.priorities", **{name: int(level) for name, level in levels.items()}), say("common.wear"))


def _restart() -> Sequence[Text]:
    return (
        say("common.begin", young_s=picture.YOUNG_S),
        say("common.expire", command_min=guard.COMMAND_S / 60, watchdog_min=guard.WATCHDOG_S / 60),
        say("common.again"),
        say("common.memory"),
        say("common.end"),
    )


def falls_of(points: Iterable[SitePoint]) -> tuple[FallView, ...]:
    """What each kind of written point is when nobody holds it, and how it comes there; alike ones together."""
    alike: dict[tuple[Text, Text, Text], list[str]] = {}
    for point in points:
        if point.spec.write is not None:
            key = (point.spec.label, _falls_to(point, point.spec.write), _how(point.spec.write))
            alike.setdefault(key, []).append(point.id)
    return tuple(FallView(name, tuple(ids), to, how) for (name, to, how), ids in alike.items())


def _falls_to(point: SitePoint, rule: WriteRule) -> Text:
    unit = point.spec.shown_unit
    if unit is Unit.BOOL:
        return Text(nb="på", en="on") if rule.relinquish else Text(nb="av", en="off")
    state = point.spec.states.get(round(rule.relinquish))
    return state or amount(rule.relinquish, "" if unit in PLAIN else unit.value)


def _how(rule: WriteRule) -> Text:
    if rule.persistence is Persistence.WATCHDOG and rule.refresh_s is not None:
        return say("fall.watchdog", refresh_s=rule.refresh_s)
    return say("fall.eeprom" if rule.persistence is Persistence.EEPROM else "fall.ram")
