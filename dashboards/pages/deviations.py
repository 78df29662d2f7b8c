"""Open deviations, as a part of the page of reports: what the plant found out by itself, and the legionella file's.

Each has its evidence, what it costs in a year, how sure it is and a form to close it, note something or open it again.
"""

from typing import Final

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import by_hand_alone, field
from dashboards.pages.navigation import address, pages_of
from dashboards.pages.water_file_parts import deviation as water_deviation
from dashboards.ports.report import DeviationState
from dashboards.ports.view import SiteView
from dashboards.reports.beside import Handled
from dashboards.reports.calc_faults import Finding
from dashboards.reports.say import Say
from dashboards.reports.sections_faults import ACTIONS, NAMES, evidence_said, names_of, size_said
from dashboards.words import Language, texts

CLOSED: Final = 12
BUTTONS: Final[dict[DeviationState, str]] = {
    "closed": "deviations.close",
    "noted": "deviations.note",
    "open": "deviations.open",
}
Row = tuple[str, Finding, Handled | None]


def deviations(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """The part with its heading."""
    words, told, say = texts(language), view.reports.deviations(), Say(view.site, language)
    if told.look is None:
        about = words["deviations.not_looked"]
    else:
        about = words["deviations.about"].format(first=say.day(told.look.first), last=say.day(told.look.last))
    open_rows = [_fault(row, viewer, say) for row in told.found(closed=False)]
    closed_rows = [_fault(row, viewer, say) for row in told.found(closed=True)[:CLOSED]]
    of_water = [one for one in view.water_file.file().deviations() if one.closing is None]
    open_rows += [water_deviation(one, view, viewer, language) for one in of_water]
    shown = el("ul", {"class": "lines-list"}, *open_rows) if open_rows else el("p", None, words["deviations.none"])
    parts = [el("p", {"class": "hint"}, about), shown]
    if of_water and "water_file" in pages_of(view.site):
        where = f"{address('water_file', language)}#deviations"
        link = el("a", {"class": "elsewhere", "href": where}, words["deviations.water_link"])
        parts.append(el("p", None, link))
    if closed_rows:
        title = el("summary", None, words["deviations.closed_title"])
        lines = el("ul", {"class": "lines-list"}, *closed_rows)
        parts.append(el("details", {"class": "more", "data-keep": "f-closed"}, title, lines))
    head = el("h2", {"id": "h-deviations"}, words["deviations.title"])
    return el("section", {"class": "part", "id": "deviations", "aria-labelledby": "h-deviations"}, head, *parts)


def _fault(row: Row, viewer: Viewer, say: Say) -> Markup:
    name, finding, handled = row
    cost = finding.nok_per_year.value
    facts = [
        say("deviations.cost", nok=say.number(cost)) if cost is not None else say("deviations.cost_unknown"),
        say("deviations.confidence", percent=say.number(100 * finding.confidence)),
        say("deviations.size", size=size_said(finding, say)),
    ]
    where = f"{say(NAMES[finding.kind])}: {names_of(say.site, say).get(finding.asset, finding.asset)}"
    lines = [
        el("strong", None, where),
        el("span", {"class": "facts"}, " · ".join(facts)),
        el("span", None, say("deviations.evidence", evidence=evidence_said(finding, say))),
        el("span", None, say("deviations.advice", action=say(ACTIONS[finding.kind]))),
    ]
    closed = handled is not None and handled.closed
    if handled is not None:
        key = "deviations.closed" if closed else "deviations.noted"
        lines.append(
            el("span", {"class": "said"}, say(key, by=handled.by, on=say.day(handled.on), words=handled.words))
        )
    if viewer.may(Right.OPERATE):
        states: tuple[DeviationState, ...] = ("open",) if closed else ("closed", "noted")
        lines.append(_form(name, where, states, say))
    return el("li", {"class": None if closed else "open", "data-deviation": name}, *lines)


def _form(name: str, where: str, states: tuple[DeviationState, ...], say: Say) -> Markup:
    id_ = f"f-{name.replace('.', '-')}"
    text: dict[str, Attribute] = {
        "type": "text", "id": id_, "name": "words", "minlength": 3, "maxlength": 500, "required": True,
        "autocomplete": "off",
    }  # fmt: skip
    buttons = [
        el(
            "button",
            {"type": "submit", "name": "state", "value": state, "aria-label": f"{say(BUTTONS[state])}: {where}"},
            say(BUTTONS[state]),
        )
        for state in states
    ]
    return el(
        "form",
        {"class": "fields", "data-send": f"/api/deviations/{name}"},
        by_hand_alone(),
        field(id_, say("deviations.words"), el("input", text)),
        el("div", {"class": "buttons"}, *buttons),
    )
