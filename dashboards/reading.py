"""From the site's view to answers. Shared by the API and the stream."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast

from dashboards.access import Right, Viewer
from dashboards.answers.site import AlarmAnswer, EventAnswer, HeldAnswer, PointAnswer, WriteRuleAnswer
from dashboards.audit_words import ACCESS, AUDIT, audit_text
from dashboards.ports.view import AlarmView, HeldCommand, PointView, SiteView
from dashboards.said import plain_number
from dashboards.water_file_words import WATER_FILE, entry_line
from dashboards.words import LANGUAGES, Language, said, said_in_both, texts
from models.profile import Text
from models.signals import Reason
from models.site import Site

METER_EXCHANGE: Final = "meter_exchange"
EVENT_TEXTS: Final = {
    "start": "event.start",
    "stop": "event.stop",
    "alarm_up": "event.alarm_up",
    "alarm_down": "event.alarm_down",
    "alarm_quiet": "event.alarm_quiet",
    "alarm_told": "event.alarm_told",
    "alarm_flood": "event.alarm_flood",
    "fallback_on": "event.fallback_on",
    "fallback_off": "event.fallback_off",
    "outside_change": "event.outside_change",
    METER_EXCHANGE: "event.meter_exchange",
}


def point_answer(site: Site, point: PointView) -> PointAnswer:
    """The point with its description."""
    described = site.points[point.id]
    rule = described.spec.write
    return PointAnswer(
        id=point.id,
        tag=point.tag,
        value=point.value,
        unit=point.unit,
        quality=point.quality,  # type: ignore[arg-type]  # checked by pydantic
        at=point.at,
        age_s=point.age_s,
        period_s=point.period_s,
        source=point.source,
        protocol=point.protocol,
        writable=point.writable,
        write=None if rule is None else WriteRuleAnswer(min=rule.min, max=rule.max, step=rule.step),
        held_by=point.held_by,
        last_value=point.last_value,
        label=described.spec.label,
        states=described.spec.states,
    )


def alarm_answer(site: Site, alarm: AlarmView) -> AlarmAnswer:
    """The alarm with its sentence."""
    return AlarmAnswer(
        id=alarm.id,
        severity=alarm.severity,
        raised_at=alarm.raised_at,
        point=alarm.point,
        code=alarm.text.code,
        text=said_in_both(site, alarm.text),
        unacknowledged=alarm.unacknowledged,
    )


def held_answer(site: Site, held: HeldCommand) -> HeldAnswer:
    """The command with its reason in words."""
    return HeldAnswer(
        point=held.point,
        value=held.value,
        source=held.source,
        priority=held.priority,
        since=held.since,
        expires_at=held.expires_at,
        code=held.reason.code,
        facts=dict(held.reason.facts),
        text=said_in_both(site, held.reason),
    )


def event_answer(site: Site, event: Mapping[str, object]) -> EventAnswer:
    """The event in words: of its kind, else of its reason, else its own."""
    data = dict(cast("Mapping[str, object]", event["data"]))
    nb, en = (_event_text(site, event, data, language) for language in LANGUAGES)
    return EventAnswer(
        at=cast("datetime", event["at"]),
        kind=str(event["kind"]),
        subject=str(event["subject"]),
        text=Text(nb=nb, en=en),
        data=data,
    )


def _event_text(site: Site, event: Mapping[str, object], data: Mapping[str, object], language: Language) -> str:
    reason = str(event["text"])
    if isinstance(code := data.get("code"), str):
        facts = {name: fact for name, fact in data.items() if isinstance(fact, float | int | str)}
        reason = said(site, Reason(code, facts), language)
    if event["kind"] == AUDIT:
        return audit_text(data, subject_name(site, str(event["subject"]), language), language)
    if event["kind"] == WATER_FILE:
        return entry_line(site, cast("datetime", event["at"]), data, language)
    key = EVENT_TEXTS.get(str(event["kind"]))
    if event["kind"] == METER_EXCHANGE and data.get("last", 0) is None:
        key = "event.meter_kept"
    if key is None:
        return reason
    return texts(language)[key].format(
        subject=subject_name(site, str(event["subject"]), language),
        reason=reason,
        ours=_number(data.get("ours"), language),
        theirs=_number(data.get("theirs"), language),
        last=_number(data.get("last"), language),
        first=_number(data.get("first"), language),
        to=data.get("to", ""),
        turn=texts(language).get(f"alarm_turn.{data.get('turn')}", ""),
    )


def _number(value: object, language: Language) -> str:
    return plain_number(value, language) if isinstance(value, float | int) else "–"


def subject_name(site: Site, subject: str, language: Language) -> str:
    """The name people use for a point, a device or the site; anything else stays as it is."""
    point = site.points.get(subject)
    if point is not None:
        label, device = point.spec.label, point.device.label
        return f"{device.nb}, {label.nb}" if language == "nb" else f"{device.en}, {label.en}"
    if subject.startswith("asset."):
        return texts(language).get(subject, subject)
    names = {site.id: site.name, **{device.id: device.label for device in site.devices}}
    name = names.get(subject)
    return subject if name is None else (name.nb if language == "nb" else name.en)


def seen_events(events: list[EventAnswer], viewer: Viewer) -> list[EventAnswer]:
    """Those that tell nothing the viewer may not know: who is let in is for administrators."""
    return [e for e in events if e.subject != ACCESS or viewer.may(Right.ADMINISTER)]


def price_now(view: SiteView) -> list[object]:
    """[price now [NOK/kWh, ex VAT] or None, synthetic, source]; an empty list without any feed."""
    prices, now = view.prices(), view.now()
    if prices is None or not prices.starts:
        return []
    index = bisect_right(prices.starts, now) - 1
    step = prices.starts[1] - prices.starts[0] if len(prices.starts) > 1 else timedelta(hours=1)
    known = index >= 0 and now < prices.starts[index] + step
    return [prices.nok_per_kwh[index] if known else None, prices.synthetic, prices.source]
