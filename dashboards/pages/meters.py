"""The part of a device's sheet about its meters: exchanges that were noted, and a form to note one."""

from collections.abc import Sequence

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import by_hand_alone, field
from dashboards.ports.desk import LONGEST_TEXT
from dashboards.ports.meter import ExchangeView, is_meter
from dashboards.said import day_and_clock, plain_number
from dashboards.words import Language, pick, texts
from models.field import SitePoint
from models.site import Site


def meters_by_device(site: Site) -> dict[str, list[SitePoint]]:
    """The counters whose exchange can be noted, of each device that has any."""
    found: dict[str, list[SitePoint]] = {}
    for point in site.points.values():
        if is_meter(point):
            found.setdefault(point.device.id, []).append(point)
    return found


def meter_part(
    points: Sequence[SitePoint], noted: Sequence[ExchangeView], viewer: Viewer, language: Language
) -> tuple[Markup, ...]:
    """Of one device, whose meters are `points`; nothing where there is nothing to see or to do."""
    own = {point.id: point for point in points}
    lines = [_noted(one, own[one.point], viewer, language) for one in noted if one.point in own]
    shown = [el("ul", {"class": "orders exchanges"}, *lines)] if lines else []
    if points and viewer.may(Right.CONFIGURE):
        words, device = texts(language), points[0].device.id
        shown.append(
            el(
                "details",
                {"data-keep": f"meter-{device}"},
                el("summary", None, words["meters.title"]),
                el("p", {"class": "hint"}, words["meters.about"]),
                _form(points, language),
            )
        )
    return (el("div", {"class": "meters"}, *shown),) if shown else ()


def _noted(one: ExchangeView, point: SitePoint, viewer: Viewer, language: Language) -> Markup:
    words, label = texts(language), pick(point.spec.label, language)
    facts = {
        "when": day_and_clock(one.at, language),
        "last": plain_number(one.last, language),
        "first": plain_number(one.first, language),
        "unit": point.spec.shown_unit.value,
    }
    by = {"who": one.who or "–", "when": day_and_clock(one.told_at, language), "why": one.why}
    lines = (
        el("strong", None, f"{label}: ", words["meters.noted"].format(**facts)),
        el("span", None, words["meters.by"].format(**by)),
    )
    form: Sequence[Markup] = ()
    if viewer.may(Right.CONFIGURE):
        name = f"b-{one.point}"
        back = el(
            "form",
            {"class": "fields", "data-take-back": one.point, "data-at": one.at.isoformat()},
            by_hand_alone(),
            field(name, words["meters.back_why"], _words(name)),
            _button(words["meters.back"], point, language),
            _failed(),
        )
        form = (
            el("details", {"data-keep": f"back-{one.point}"}, el("summary", None, words["meters.back_title"]), back),
        )
    return el("li", None, el("div", {"class": "lines"}, *lines), *form)


def _form(points: Sequence[SitePoint], language: Language) -> Markup:
    words, device = texts(language), points[0].device.id
    options = (
        el("option", {"value": p.id}, f"{pick(p.spec.label, language)}, {p.spec.shown_unit.value}") for p in points
    )
    which = el("select", {"id": f"x-{device}", "name": "point"}, *options)
    at = el("input", {"type": "datetime-local", "id": f"a-{device}", "name": "at"})
    number: dict[str, Attribute] = {
        "type": "number", "inputmode": "decimal", "step": "any", "min": 0, "required": True, "autocomplete": "off",
    }  # fmt: skip
    return el(
        "form",
        {"class": "fields", "data-exchange": device},
        by_hand_alone(),
        field(f"x-{device}", words["meters.which"], which),
        field(f"a-{device}", words["meters.at"], at),
        field(
            f"l-{device}",
            words["meters.last"],
            el("input", {**number, "id": f"l-{device}", "name": "last"}),
        ),
        field(
            f"f-{device}",
            words["meters.first"],
            el("input", {**number, "id": f"f-{device}", "name": "first"}),
        ),
        field(f"w-{device}", words["meters.why"], _words(f"w-{device}")),
        _button(words["meters.save"], points[0], language),
        _failed(),
    )


def _button(text: str, point: SitePoint, language: Language) -> Markup:
    label = f"{text}: {pick(point.device.label, language)}"
    return el("button", {"type": "submit", "aria-label": label}, text)


def _failed() -> Markup:
    """Where the form's script says why it did not work: beside what is to be put right."""
    return el("p", {"class": "verdict", "role": "alert"})


def _words(name: str) -> Markup:
    return el(
        "input",
        {
            "type": "text", "id": name, "name": "reason", "minlength": 3, "maxlength": LONGEST_TEXT, "required": True,
            "autocomplete": "off",
        },
    )  # fmt: skip
