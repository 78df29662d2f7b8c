"""The page of energy and money: today, this month, the peak against its target, meters, what the plans saved."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.frame import page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts

FIGURES: Final = (
    ("f-today", "money.today", " kr"),
    ("f-month", "money.month", " kr"),
    ("f-peak", "money.peak_so_far", " kW"),
    ("f-hour", "money.this_hour", " kW"),
    ("f-saved", "money.saved", " kr"),
)


def energy(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; its script fills it in."""
    words = texts(language)
    none = el("p", {"class": "part plan-none", "id": "energy-none", "role": "status"}, words["panel.loading"])
    body = el(
        "div",
        {"class": "insight-grid", "id": "energy-body", "hidden": True},
        _figures(language),
        _peak(language),
        _bill(language),
        *(
            _store(f"heat-{network.id}", pick(network.name, language), "money.heat_hint", language)
            for network in view.site.district_heat
        ),
        *(
            _store(f"pack-{battery.id}", pick(battery.name, language), "money.pack_hint", language)
            for battery in view.site.batteries
        ),
        _hours(language),
        _days(language),
        _meters("electricity", "money.meters_title", language),
        el("div", {"class": "column"}, _savings(language), _meters("heat", "money.heat_title", language)),
    )
    title = words["money.title"]
    return page(view, viewer, language, "energy", title, none, body, scripts=["energy"], styles=["insight", "bills"])


def _figures(language: Language) -> Markup:
    words = texts(language)
    return el(
        "div",
        {"class": "figures wide"},
        *(
            el(
                "div",
                {"class": "figure", "id": name},
                el("span", {"class": "name"}, words[key]),
                el("span", {"class": "value"}, el("span", {"class": "n"}, "–"), el("span", {"class": "u"}, unit)),
                el("span", {"class": "note"}, ""),
            )
            for name, key, unit in FIGURES
        ),
    )


def _peak(language: Language) -> Markup:
    words = texts(language)
    return section(
        "energy-peak",
        words["money.peak_title"],
        el("p", {"id": "peak-hour"}, "–"),
        _plot("peak-plot", words["money.peak_plot"]),
        el("ul", {"class": "lines", "id": "peak-says"}),
        el("h3", None, words["money.highest_title"]),
        el("ol", {"class": "lines", "id": "peak-highest"}),
    )


def _bill(language: Language) -> Markup:
    words = texts(language)
    heads = (words["money.item"], words["money.today_kr"], words["money.month_kr"], "")
    return section(
        "energy-bill",
        words["money.bill_title"],
        _table("bill-rows", words["money.bill_title"], heads),
        el("p", {"class": "hint"}, words["money.bill_hint"]),
        el("p", {"class": "hint", "id": "bill-known"}, ""),
    )


def _store(name: str, title: str, hint: str, language: Language) -> Markup:
    """What one substation or battery came to, with lines that the script fills in."""
    words = texts(language)
    numbers = (words["money.today_head"], words["money.month_head"])
    table = _table(f"{name}-rows", title, (words["money.item"], *numbers), numbers)
    known = el("p", {"class": "hint", "id": f"{name}-known"}, "")
    return section(name, title, table, el("p", {"class": "hint"}, words[hint]), known)


def _hours(language: Language) -> Markup:
    words = texts(language)
    heads = (
        words["table.hour"],
        words["money.bought_kwh"],
        words["money.planned_kwh"],
        words["money.sold_kwh"],
        words["money.price_kr"],
    )
    title = words["money.today_title"]
    return section(
        "energy-hours", title, _plot("hours-plot", title), _details(_table("hours-rows", title, heads), title, language)
    )


def _days(language: Language) -> Markup:
    words = texts(language)
    heads = (
        words["money.day"],
        words["money.bought_kwh"],
        words["money.sold_kwh"],
        words["money.cost_kr"],
        words["money.highest_kw"],
    )
    title = words["money.month_title"]
    return section(
        "energy-days", title, _plot("days-plot", title), _details(_table("days-rows", title, heads), title, language)
    )


def _meters(carrier: str, key: str, language: Language) -> Markup:
    words = texts(language)
    heads = (
        words["money.meter"],
        words["money.purpose"],
        words["money.today_kwh"],
        words["money.month_kwh"],
        "",
    )
    return section(
        f"energy-{carrier}",
        words[key],
        el(
            "div",
            {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words[key]},
            _table(f"meters-{carrier}", words[key], heads),
        ),
    )


def _savings(language: Language) -> Markup:
    words = texts(language)
    return section(
        "energy-savings",
        words["money.savings_title"],
        el("p", {"id": "saved-says"}, "–"),
        el("p", {"class": "hint"}, words["money.savings_hint"]),
        el("ul", {"class": "lines", "id": "saved-nights"}),
    )


def _plot(name: str, label: str) -> Markup:
    return el("svg", {"class": "lane-plot", "id": name, "role": "img", "aria-label": label})


def _table(rows: str, caption: str, heads: tuple[str, ...], numbers: tuple[str, ...] = ()) -> Markup:
    """Headings with a unit, and `numbers`, stand over numbers."""
    return el(
        "table",
        None,
        el("caption", {"class": "sr"}, caption),
        el("thead", None, el("tr", None, *(_head(head, head in numbers or "[" in head) for head in heads))),
        el("tbody", {"id": rows}),
    )


def _head(text: str, over_numbers: bool) -> Markup:
    return el("th", {"scope": "col", "class": "num" if over_numbers else None}, text) if text else el("td", None)


def _details(table: Markup, label: str, language: Language) -> Markup:
    scroll = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": label}
    return el("details", None, el("summary", None, texts(language)["drawing.as_table"]), el("div", scroll, table))
