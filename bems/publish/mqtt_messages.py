"""What is said on which topic: values, alarms and events, as JSON. For those who listen: docs/mqtt-out.md."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bems.alarming.alarms import Alarm
from bems.history.rows import Event, EventKind
from dashboards.reading import event_answer
from dashboards.words import Language, pick, said_in_both
from models.field import Privacy
from models.outgoing import Quantity, Value
from models.signals import Quality
from models.site import Site
from models.targets import MqttOut
from models.units import Unit

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
QUIET: Final = frozenset({EventKind.HOLD, EventKind.PLAN, EventKind.AUDIT, EventKind.ALARM_QUIET, EventKind.WATER_FILE})
TOLD: Final = tuple(kind for kind in EventKind if kind not in QUIET)
"""Kinds of events that are told; wishes that were held back, plans, alarms that do not call for attention, and who did
what, are left to the record."""


class Messages:
    """One site's topics and what is said on them. Everything here may leave the building: the personal is left out."""

    def __init__(self, site: Site, config: MqttOut) -> None:
        self._site = site
        self._language: Language = config.language
        self._personal = frozenset(p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL)
        self.base = f"{config.prefix}/{site.id}"
        self.status = f"{self.base}/status"
        self.alarms = f"{self.base}/alarms"
        self.events = f"{self.base}/events"

    def value_topic(self, quantity: Quantity) -> str:
        """Of one quantity."""
        device, _, signal = quantity.id.partition(".")
        return f"{self.base}/points/{device}/{signal}"

    def value(self, value: Value) -> bytes:
        """A value; `state` says in words what a flag or a state is."""
        quantity, number = value.quantity, value.value
        said: dict[str, Any] = {"value": None if number is None else round(number, 3)}
        if quantity.unit is Unit.BOOL:
            said["state"] = None if number is None else "on" if number > 0.5 else "off"
        elif quantity.unit is Unit.STATE:
            states = self.states(quantity)
            said["state"] = None if number is None else states.get(round(number))
        else:
            said["unit"] = quantity.unit.value
        return _json({**said, "quality": value.quality.value, "at": _instant(value.at)})

    def unread(self, quantity: Quantity, at: datetime) -> bytes:
        """What is said before anything is known."""
        return self.value(Value(quantity, at, None, Quality.UNREAD))

    def states(self, quantity: Quantity) -> Mapping[int, str]:
        """The words for the numbers of a state."""
        point = self._site.points.get(quantity.id)
        words = {} if point is None else point.spec.states
        return {number: pick(text, self._language) for number, text in words.items()}

    def may_be_told(self, alarm: Alarm) -> bool:
        """Whether the alarm tells nothing about a resident."""
        condition = alarm.condition
        return not self._is_personal(f"{condition.id} {condition.point}", condition.text.facts)

    def alarm_topic(self, name: str) -> str:
        """Of one alarm; what MQTT would take for a level or a wildcard becomes a dash."""
        return f"{self.alarms}/{''.join('-' if letter in '/+# ' else letter for letter in name)}"

    def alarm(self, alarm: Alarm) -> bytes:
        """An alarm that stands."""
        return _json({"state": "on", **self._alarm(alarm)})

    def no_alarm(self, name: str) -> bytes:
        """An alarm that stands no longer."""
        return _json({"state": "off", "id": name})

    def standing(self, alarms: Iterable[Alarm]) -> bytes:
        """All alarms that stand, newest first, and how many."""
        newest = sorted(alarms, key=lambda alarm: alarm.raised_at, reverse=True)
        classes = [alarm.condition.severity for alarm in newest]
        counts = {letter.lower(): classes.count(letter) for letter in ("A", "B", "C")}
        return _json({"number": len(newest), **counts, "alarms": [self._alarm(alarm) for alarm in newest]})

    def event(self, number: int, event: Event) -> bytes | None:
        """An event with its number, by which a listener knows one he has heard; None where it is not to be told."""
        if event.kind not in TOLD or self._is_personal(f"{event.subject} {event.text}", event.data):
            return None
        known = {"at": event.at, "kind": event.kind.value, "subject": event.subject, "text": event.text}
        text = event_answer(self._site, {**known, "data": event.data}).text
        said = {"number": number, "event_type": event.kind.value, "at": _instant(event.at), "subject": event.subject}
        return _json({**said, "code": event.data.get("code"), "nb": text.nb, "en": text.en})

    def _is_personal(self, words: str, facts: Mapping[str, Any]) -> bool:
        """Whether words or facts name a personal point, or may: one too many that is kept back does no harm."""
        said = f"{words} {facts.get('name')}.{facts.get('signal')} {json.dumps(dict(facts), default=str)}"
        return any(point in said for point in self._personal)

    def _alarm(self, alarm: Alarm) -> dict[str, Any]:
        condition = alarm.condition
        text = said_in_both(self._site, condition.text)
        return {
            "id": condition.id,
            "severity": condition.severity,
            "since": _instant(alarm.raised_at),
            "code": condition.text.code,
            "point": condition.point,
            "nb": text.nb,
            "en": text.en,
        }


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
