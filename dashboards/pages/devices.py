"""The page of the devices: whether each answers, who holds its points, what is spent on writes, taking over, meters."""

from collections import Counter
from collections.abc import Sequence

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.desk_parts import decimal, may_take, point_value, taken_part
from dashboards.pages.frame import page
from dashboards.pages.meters import meter_part, meters_by_device
from dashboards.ports.desk import DeviceView, WritableView
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.point import Persistence
from models.site import Site


def devices(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    words, site = texts(language), view.site
    found = view.desk.devices()
    controls = el(
        "form",
        {"class": "filter", "role": "search"},
        el("label", {"for": "device-search"}, words["devices.search"]),
        el("input", {"type": "search", "id": "device-search", "autocomplete": "off"}),
        el("label", {"class": "check"}, el("input", {"type": "checkbox", "id": "device-only"}), words["devices.only"]),
        el(
            "span",
            {"id": "device-count", "class": "hint", "role": "status"},
            words["devices.count"].format(shown=len(found), total=len(found)),
        ),
    )
    columns = ("device", "state", "good", "age", "wire", "holders", "wear")
    titles = (el("span", None, words[f"devices.{column}"]) for column in columns)
    head = el("div", {"class": "device-head", "aria-hidden": "true"}, *titles)
    meters, noted = meters_by_device(site), view.meters.exchanges()
    rows = (
        _device(one, meter_part(meters.get(one.id, ()), noted, viewer, language), site, viewer, language)
        for one in found
    )
    return page(
        view, viewer, language, "devices", words["devices.title"],
        el("p", {"class": "message", "id": "message", "role": "status"}),
        el("p", {"class": "hint lead"}, words["devices.about"]),
        taken_part(view, viewer, language),
        el("section", {"class": "part", "aria-label": words["devices.title"]}, controls, head,
           el("div", {"id": "device-rows"}, *rows)),
        scripts=["devices"], styles=["desk", "meters"],
    )  # fmt: skip


def _device(one: DeviceView, meters: Sequence[Markup], site: Site, viewer: Viewer, language: Language) -> Markup:
    words = texts(language)
    label = pick(one.label, language)
    searched = f"{one.id} {one.system} {one.label.nb} {one.label.en} {one.connection}".lower()
    wear = max(one.writable, key=lambda w: w.writes_today / w.daily_budget, default=None)
    cells = (
        el("span", {"class": "name"}, label, " ", el("small", None, one.system)),
        el("span", {"class": "state", "data-state": one.state}, words[f"devices.{one.state}"]),
        el("span", {"class": "num good", "data-title": words["devices.good"]}, f"{one.good} / {one.points}"),
        el("span", {"class": "num age", "data-title": words["devices.age"]}, _age(one.age_s, language)),
        el("span", {"class": "wire", "data-title": words["devices.wire"]}, f"{one.connection} · {one.protocol}"),
        el("span", {"class": "holders", "data-title": words["devices.holders"]}, _holders(one, language)),
        el(
            "span",
            {"class": "num wear", "data-title": words["devices.wear"]},
            "–" if wear is None else f"{wear.writes_today} / {wear.daily_budget}",
        ),
    )
    points = (
        el("ul", {"class": "writable"}, *(_writable(w, site, viewer, language) for w in one.writable))
        if one.writable
        else el("p", {"class": "hint"}, words["devices.no_points"])
    )
    return el(
        "details",
        {
            "class": "device-row",
            "data-id": one.id,
            "data-keep": one.id,
            "data-state": one.state,
            "data-text": searched,
            "data-taken-over": any((w.held_by or "").startswith("operator@") for w in one.writable),
        },
        el("summary", None, *cells),
        points,
        *meters,
    )


def _age(age_s: float | None, language: Language) -> str:
    if age_s is None:
        return "–"
    return f"{decimal(age_s, 0, language)} s" if age_s < 100 else f"{decimal(age_s / 60, 0, language)} min"


def _holders(one: DeviceView, language: Language) -> str:
    words = texts(language)
    counts = Counter(w.held_by.partition("@")[0] for w in one.writable if w.held_by is not None)
    return " · ".join(f"{words.get(f'source.{who}', who)} {count}" for who, count in counts.items()) or "–"


def _writable(one: WritableView, site: Site, viewer: Viewer, language: Language) -> Markup:
    words, point = texts(language), site.points[one.point]
    label = pick(one.label, language)
    holder = None if one.held_by is None else one.held_by.partition("@")[0]
    wear = words["takeover.wear"].format(number=one.writes_today, budget=one.daily_budget)
    if one.persistence == Persistence.EEPROM:
        wear += f" ({words['devices.eeprom']})"
    facts = (
        f"{words['devices.reads']} {point_value(point, one.value, language)}",
        "" if one.held is None else f"{words['devices.held_at']} {point_value(point, one.held, language)}",
        "" if holder is None else words.get(f"source.{holder}", holder),
    )
    button = (
        (
            el(
                "button",
                {"type": "button", "data-takeover": one.point, "aria-label": f"{words['takeover.open']}: {label}"},
                words["takeover.open"],
            ),
        )
        if may_take(site, viewer, one.point)
        else ()
    )
    failed = None if one.error is None else words["devices.error"].format(error=one.error)
    error = () if failed is None else (el("p", {"class": "verdict"}, failed),)
    return el(
        "li",
        {"data-point-row": one.point},
        el("span", {"class": "name"}, label, " ", el("small", {"class": "tag"}, point.tag)),
        el("span", {"class": "facts"}, " · ".join(fact for fact in facts if fact)),
        el("span", {"class": "wear"}, wear),
        *button,
        *error,
    )
