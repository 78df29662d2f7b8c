"""Rules and optimiser over the same nights: by night and by asset, both from the twin."""

from collections.abc import Sequence
from typing import Final

from dashboards.markup import Markup, el
from dashboards.pages.desk_parts import decimal, moment
from dashboards.ports.night import AccountView, ContestView, SideView
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts

Sides = tuple[SideView, SideView]
"""Rules, optimiser."""
COLUMNS: Final = ("rules", "optimiser", "saved", "peak_rules", "peak_optimiser", "cold_rules", "cold_optimiser")


def contest_part(view: SiteView, language: Language) -> Markup:
    """The nights that were compared, and their sums."""
    words, nights = texts(language), view.nights()
    told = [] if nights is None else [one for one in nights.accounts if one.contest is not None]
    both = [sides for one in told if (sides := _sides(one.contest)) is not None]
    body = (
        [_by_night(told, both, view, language), _by_asset(both, language)]
        if told
        else [el("p", {"class": "hint"}, words["contest.none"])]
    )
    return el(
        "section",
        {"class": "part", "id": "contest", "aria-labelledby": "h-contest"},
        el("h2", {"id": "h-contest"}, words["contest.title"]),
        el("p", {"class": "hint"}, words["contest.about"]),
        *body,
    )


def _sides(of: ContestView | None) -> Sides | None:
    return None if of is None or of.rules is None or of.optimiser is None else (of.rules, of.optimiser)


def _by_night(told: Sequence[AccountView], both: Sequence[Sides], view: SiteView, language: Language) -> Markup:
    words = texts(language)
    heads = [words[f"contest.{name}"] for name in ("night", *COLUMNS)]
    rows = [_night(one, view, language) for one in told]
    if len(both) > 1:
        rows.append(_row(words["contest.sum"], _figures(both, language)))
    return _table(words["contest.by_night"], heads, rows)


def _night(one: AccountView, view: SiteView, language: Language) -> Markup:
    name, sides = moment(one.start, view.site, language), _sides(one.contest)
    if sides is not None:
        return _row(name, _figures([sides], language))
    assert one.contest is not None  # only those that were tried are shown
    why = "–" if one.contest.why is None else pick(one.contest.why, language)
    return el("tr", None, el("th", {"scope": "row"}, name), el("td", {"colspan": len(COLUMNS)}, why))


def _figures(of: Sequence[Sides], language: Language) -> list[str]:
    paid = [sum(sides[n].total_nok for sides in of) for n in (0, 1)]
    peaks = [max(sides[n].peak_kw for sides in of) for n in (0, 1)]
    cold = [[sides[n].cold_kh for sides in of] for n in (0, 1)]
    known = [None if None in values else sum(value or 0.0 for value in values) for values in cold]
    return [
        *(decimal(nok, 0, language) for nok in (*paid, paid[0] - paid[1])),
        *(decimal(kw, 0, language) for kw in peaks),
        *(decimal(kh, 1, language) for kh in known),
    ]


def _by_asset(both: Sequence[Sides], language: Language) -> Markup:
    words = texts(language)
    heads = [words[f"contest.{name}"] for name in ("asset", "rules_kwh", "optimiser_kwh", "rules", "optimiser")]
    assets = [asset for asset in _in_all(both) if asset != "rest"]
    rows = []
    for asset in (*assets, "rest"):
        kwh = [sum(sides[n].assets_kwh.get(asset, 0.0) for sides in both) for n in (0, 1)]
        nok = [sum(sides[n].assets_nok.get(asset, 0.0) for sides in both) for n in (0, 1)]
        name = words["contest.rest"] if asset == "rest" else words[f"asset.{asset}"]
        rows.append(_row(name, [decimal(value, 0, language) for value in (*kwh, *nok)]))
    left = [decimal(sum(sides[n].left_nok for sides in both), 0, language) for n in (0, 1)]
    rows.append(_row(words["contest.left"], ["–", "–", *left]))
    return _table(words["contest.by_asset"], heads, rows)


def _in_all(both: Sequence[Sides]) -> list[str]:
    return list(dict.fromkeys(asset for sides in both for side in sides for asset in side.assets_kwh))


def _row(name: str, values: Sequence[str]) -> Markup:
    return el("tr", None, el("th", {"scope": "row"}, name), *(el("td", {"class": "num"}, value) for value in values))


def _table(title: str, heads: Sequence[str], rows: Sequence[Markup]) -> Markup:
    first, *others = heads
    head = el(
        "tr", None, el("th", {"scope": "col"}, first), *(el("th", {"scope": "col", "class": "num"}, h) for h in others)
    )
    caption = el("caption", {"class": "sr"}, title)
    table = el("table", None, caption, el("thead", None, head), el("tbody", None, *rows))
    scroll = el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": title}, table)
    return el("div", None, el("h3", None, title), scroll)
