"""Parts that the pages devices and settings share: who ordered what, moments in words, controls."""

from collections.abc import Sequence
from datetime import datetime

from dashboards.access import Right, Viewer
from dashboards.markup import Markup, el
from dashboards.ports.desk import OrderView, TakenView
from dashboards.ports.view import SiteView
from dashboards.reading import subject_name
from dashboards.shown import DECIMALS
from dashboards.words import Language, pick, said, texts
from models.field import SitePoint
from models.site import Site
from models.units import Unit

MONTHS_NB = ("jan.", "feb.", "mars", "apr.", "mai", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "des.")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime | None, site: Site, language: Language) -> str:
    """A moment by the clock on the wall; a dash for none. A naive one is by that clock already."""
    if at is None:
        return "–"
    local = at if at.tzinfo is None else at.astimezone(site.zone_info)
    if language == "nb":
        return f"{local.day}. {MONTHS_NB[local.month - 1]} kl. {local:%H.%M}"
    return f"{local.day} {MONTHS_EN[local.month - 1]} {local:%H:%M}"


def decimal(value: float | None, decimals: int, language: Language) -> str:
    """A number in local form; a dash for none."""
    if value is None:
        return "–"
    said_value = f"{round(value, decimals) + 0.0:.{decimals}f}"
    return said_value.replace(".", ",") if language == "nb" else said_value


def point_value(point: SitePoint, value: float | None, language: Language) -> str:
    """A value of the point with its unit, or in words."""
    unit = point.spec.shown_unit
    if value is None:
        return "–"
    if unit is Unit.BOOL:
        return texts(language)["takeover.on" if value >= 0.5 else "takeover.off"]
    state = point.spec.states.get(round(value))
    if state is not None:
        return pick(state, language)
    number = decimal(value, max(DECIMALS[unit], 0 if float(value).is_integer() else 1), language)
    return number if unit is Unit.COUNT else f"{number} {unit.value}"


def ordered(order: OrderView | None, site: Site, language: Language) -> str:
    """Who and since when; empty for nobody."""
    if order is None:
        return ""
    return texts(language)["settings.by"].format(who=order.who, since=moment(order.since, site, language))


def may_take(site: Site, viewer: Viewer, point: str) -> bool:
    """Whether the viewer may take the point over: care staff the set points of rooms and zones."""
    if viewer.may(Right.OPERATE):
        return True
    device, _, signal = point.partition(".")
    places = {d for zone in site.zones for d in zone.devices}
    rooms = {d for zone in site.zones for room in zone.rooms for d in room.devices}
    return viewer.may(Right.SET_ROOMS) and signal == "setpoint_degc" and device in places | rooms


def taken_part(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """What is taken over now, with a button to give each back, and one for all."""
    words = texts(language)
    rows = [_taken_row(one, view.site, viewer, language) for one in view.desk.taken()]
    all_back = el(
        "button",
        {"type": "button", "id": "give-back-all", "hidden": not (rows and viewer.may(Right.SET_ROOMS))},
        words["takeover.give_back_all"].format(number=len(rows)),
    )
    return el(
        "section",
        {"class": "part taken", "id": "taken", "aria-labelledby": "h-taken"},
        el("div", {"class": "part-head"}, el("h2", {"id": "h-taken"}, words["takeover.all_title"]), all_back),
        el("ul", {"class": "orders"}, *rows) if rows else el("p", {"class": "hint"}, words["takeover.none"]),
    )


def _taken_row(one: TakenView, site: Site, viewer: Viewer, language: Language) -> Markup:
    words, point = texts(language), site.points[one.point]
    name = subject_name(site, one.point, language)
    facts = {"who": one.order.who, "time": moment(one.order.until, site, language), "why": one.order.why}
    lines: list[Markup] = [
        el("strong", None, f"{name}: {point_value(point, one.value, language)}"),
        el("span", None, words["takeover.taken"].format(**facts)),
    ]
    if one.verdict is not None:
        part = {
            "value": point_value(point, one.value, language),
            "given": point_value(point, one.given, language),
            "reason": said(site, one.verdict, language),
        }
        lines.append(el("span", {"class": "verdict"}, words["takeover.taken_part"].format(**part)))
    button: Sequence[str] = ()
    if may_take(site, viewer, one.point):
        text = words["takeover.give_back"]
        button = (el("button", {"type": "button", "data-give-back": one.point, "aria-label": f"{text}: {name}"}, text),)
    return el("li", {"data-taken": one.point}, el("div", {"class": "lines"}, *lines), *button)


def by_hand_alone() -> Markup:
    """First in a form: Enter in a text field presses none of its buttons, which decide something.

    Enter presses a form's first button, and where that one cannot be pressed, nothing (HTML, implicit submission).
    """
    return el("button", {"type": "submit", "disabled": True, "hidden": True})


def field(name: str, label: str, control: Markup, hint: str = "") -> Markup:
    """A control under its label."""
    notes = (el("span", {"class": "hint", "id": f"{name}-hint"}, hint),) if hint else ()
    return el("div", {"class": "field"}, el("label", {"for": name}, label), control, *notes)
