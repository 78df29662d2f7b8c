"""The page of the settings: mode of the house, set points of rooms and zones, holidays, contract."""

from datetime import timedelta
from typing import get_args

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import decimal, field, moment, ordered, taken_part
from dashboards.pages.frame import page
from dashboards.ports.desk import ComfortView, HolidayView, ModeName
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.assets import ZoneKind

USUAL_H = {"away": 48, "preparedness": 24, "manual": 4}
"""What is offered as the end of a mode [h from now]."""


def settings(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    words = texts(language)
    return page(
        view, viewer, language, "settings", words["settings.title"],
        el("p", {"class": "message", "id": "message", "role": "status"}),
        _mode(view, viewer, language),
        taken_part(view, viewer, language),
        _comfort(view, viewer, language),
        _holidays(view, viewer, language),
        _tariff(view, viewer, language),
        scripts=["settings"], styles=["desk"],
    )  # fmt: skip


def _part(name: str, title: str, about: str, *children: str) -> Markup:
    return el(
        "section",
        {"class": f"part {name}", "id": name, "aria-labelledby": f"h-{name}"},
        el("h2", {"id": f"h-{name}"}, title),
        el("p", {"class": "hint"}, about),
        *children,
    )


def _mode(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, now = texts(language), view.desk.mode()
    about = words["settings.normal_about"]
    if now.order is not None:
        facts = {
            "mode": words[f"settings.{now.mode}"],
            "who": now.order.who,
            "since": moment(now.order.since, view.site, language),
            "until": moment(now.order.until, view.site, language),
            "why": now.order.why,
        }
        about = words["settings.mode_now"].format(**facts)
    locked = not viewer.may(Right.OPERATE)
    choices = (
        el(
            "label",
            {"class": "choice"},
            el(
                "input",
                {"type": "radio", "name": "mode", "value": mode, "checked": mode == now.mode, "disabled": locked},
            ),
            el("strong", None, words[f"settings.{mode}"]),
            el("span", None, words[f"settings.{mode}_about"]),
        )
        for mode in get_args(ModeName)
    )
    local = view.now().astimezone(view.site.zone_info).replace(minute=0, second=0, microsecond=0)
    ends = {f"data-{m}": f"{local + timedelta(hours=h):%Y-%m-%dT%H:%M}" for m, h in USUAL_H.items()}
    until = el("input", {"type": "datetime-local", "id": "mode-until", "disabled": locked, **ends})
    why = el("input", {"type": "text", "id": "mode-why", "maxlength": 200, "autocomplete": "off", "disabled": locked})
    form = el(
        "form",
        {"class": "mode-form", "id": "mode-form"},
        el(
            "fieldset",
            {"class": "choices"},
            el("legend", {"class": "sr"}, words["settings.mode"]),
            *choices,
        ),
        el(
            "div",
            {"class": "fields", "id": "mode-more"},
            field("mode-until", words["settings.mode_until"], until),
            field("mode-why", words["settings.mode_why"], why),
            el("button", {"type": "submit", "disabled": locked}, words["settings.mode_set"]),
        ),
    )
    return _part("mode", words["settings.mode"], about, form, *_locked(locked, language))


def _locked(locked: bool, language: Language) -> tuple[Markup, ...]:
    return (el("p", {"class": "hint"}, texts(language)["settings.read_only"]),) if locked else ()


def _comfort(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words = texts(language)
    found = view.desk.comfort()
    zones = [one for one in found if one.kind == "zone"]
    blocks = []
    for zone in zones:
        rooms = [one for one in found if one.kind == "room" and one.zone == zone.id]
        rows = [_place(one, view, viewer, language) for one in (zone, *rooms)]
        if rooms:
            title = el("summary", None, pick(zone.name, language))
            blocks.append(el("details", {"class": "places", "data-keep": zone.id}, title, *rows))
        else:
            blocks.append(rows[0])
    locked = not viewer.may(Right.SET_ROOMS)
    return _part(
        "comfort", words["settings.comfort"], words["settings.comfort_about"], *blocks, *_locked(locked, language)
    )


def _place(one: ComfortView, view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, name = texts(language), pick(one.name, language)
    locked = not viewer.may(Right.SET_ROOMS)
    number: dict[str, Attribute] = {"type": "number", "step": 0.5, "required": True}
    setpoint = el(
        "input",
        {
            **number, "id": f"c-{one.id}", "name": "degc", "min": one.low_degc, "max": one.high_degc,
            "value": one.degc, "disabled": locked,
        },
    )  # fmt: skip
    fields = [field(f"c-{one.id}", words["settings.setpoint"], setpoint)]
    if one.setback_degc is not None:
        limits: dict[str, Attribute] = {"min": 16, "max": one.high_degc, "disabled": not viewer.may(Right.CONFIGURE)}
        setback = el(
            "input", {**number, **limits, "id": f"s-{one.id}", "name": "setback_degc", "value": one.setback_degc}
        )
        fields.append(field(f"s-{one.id}", words["settings.setback"], setback))
    file_said = words["settings.from_file"].format(degc=f"{decimal(one.file_degc, 1, language)} °C")
    who = ordered(one.order or one.setback_order, view.site, language)
    changed = one.order is not None or one.setback_order is not None
    return el(
        "form",
        {
            "class": "place", "id": f"place-{one.id}", "data-place": one.id, "data-file": one.file_degc,
            "data-file-setback": one.file_setback_degc,
        },
        el("h3", None, name),
        *fields,
        el("span", {"class": "hint note"}, f"{who}. {file_said}" if who else file_said),
        el(
            "button",
            {"type": "submit", "disabled": locked, "aria-label": f"{words['settings.save']}: {name}"},
            words["settings.save"],
        ),
        el(
            "button",
            {
                "type": "button", "class": "plain", "data-back": one.id, "hidden": locked or not changed,
                "aria-label": f"{words['settings.back']}: {name}",
            },
            words["settings.back"],
        ),
    )  # fmt: skip


def _holidays(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, found = texts(language), view.desk.holidays()
    locked = not viewer.may(Right.CONFIGURE)
    names = {zone.id: pick(zone.name, language) for zone in view.site.zones}
    rows = [_holiday(one, names, view, language, locked=locked) for one in found]
    listed = el("ul", {"class": "orders"}, *rows) if rows else el("p", {"class": "hint"}, words["settings.no_holidays"])
    zones = [zone for zone in view.site.zones if zone.kind is not ZoneKind.RESIDENTIAL]
    today = view.now().astimezone(view.site.zone_info).date()
    dates: dict[str, Attribute] = {"type": "date", "required": True, "min": today.isoformat(), "disabled": locked}
    form = el(
        "form",
        {"class": "fields", "id": "holiday-form"},
        field("h-first", words["settings.first"], el("input", {**dates, "id": "h-first"})),
        field("h-last", words["settings.last"], el("input", {**dates, "id": "h-last"})),
        field(
            "h-zone",
            words["settings.zones"],
            el(
                "select",
                {"id": "h-zone", "disabled": locked},
                el("option", {"value": ""}, words["settings.all_zones"]),
                *(el("option", {"value": zone.id}, names[zone.id]) for zone in zones),
            ),
        ),
        field(
            "h-note",
            words["settings.note"],
            el("input", {"type": "text", "id": "h-note", "maxlength": 80, "autocomplete": "off", "disabled": locked}),
        ),
        el("button", {"type": "submit", "disabled": locked}, words["settings.add"]),
    )
    return _part("holidays", words["settings.holidays"], words["settings.holidays_about"], listed, form)


def _holiday(one: HolidayView, names: dict[str, str], view: SiteView, language: Language, *, locked: bool) -> Markup:
    words = texts(language)
    span = f"{moment(one.start, view.site, language)} – {moment(one.until, view.site, language)}"
    zones = ", ".join(names.get(zone, zone) for zone in one.zones) or words["settings.all_zones"]
    who = ordered(one.order, view.site, language) or words["settings.of_file"]
    button = (
        ()
        if not one.id or locked
        else (
            el(
                "button",
                {"type": "button", "data-drop": one.id, "aria-label": f"{words['settings.drop']}: {span}"},
                words["settings.drop"],
            ),
        )
    )
    lines = el(
        "div", {"class": "lines"}, el("strong", None, one.note or span), el("span", None, f"{span} · {zones} · {who}")
    )
    return el("li", None, lines, *button)


def _tariff(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, now = texts(language), view.desk.tariff()
    locked = not viewer.may(Right.CONFIGURE)
    options = [("", words["settings.own_tariff"]), *((name, name) for name in now.names)]
    chosen = el(
        "select",
        {"id": "tariff-name", "disabled": locked},
        *(el("option", {"value": name, "selected": name == now.chosen}, said) for name, said in options),
    )
    form = el(
        "form",
        {"class": "fields", "id": "tariff-form"},
        field("tariff-name", words["settings.tariff"], chosen),
        el("button", {"type": "submit", "disabled": locked}, words["settings.save"]),
        el("span", {"class": "hint note"}, ordered(now.order, view.site, language)),
    )
    return _part("tariff", words["settings.tariff"], words["settings.tariff_about"], form)
