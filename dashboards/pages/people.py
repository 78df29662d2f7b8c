"""People and tokens, for those who administer them. Lists are filled in by the page's script."""

from dashboards.access import RIGHTS, Right, Role, Viewer
from dashboards.markup import Markup, el
from dashboards.pages.doors import field, submit
from dashboards.pages.frame import page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, texts

TOKEN_DAYS = 365


def people(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The page."""
    title = texts(language)["people.title"]
    sections = (_once(language), _people(language), _tokens(language))
    return page(view, viewer, language, "people", title, *sections, scripts=["people"], styles=["door", "people"])


def _once(language: Language) -> Markup:
    """Where a code or a token is shown, this once."""
    done = el("button", {"type": "button", "id": "once-done"}, texts(language)["people.done"])
    return el(
        "section",
        {"class": "part once", "id": "once", "hidden": True, "role": "status"},
        el("p", {"id": "once-about"}),
        el("p", None, el("output", {"class": "secret", "id": "once-secret"})),
        el("p", {"class": "hint", "id": "once-hint"}),
        done,
    )


def _people(language: Language) -> Markup:
    words = texts(language)
    roles = (el("option", {"value": role.value}, words[f"role.{role.value}"]) for role in Role)
    form = el(
        "form",
        {"id": "add-person", "class": "door-form in-row"},
        field("person", words["people.name"], autocomplete="off", maxlength=40),
        el(
            "div",
            {"class": "field"},
            el("label", {"for": "f-role"}, words["people.role"]),
            el("select", {"id": "f-role", "name": "role"}, *roles),
        ),
        submit(words["people.add"]),
    )
    heads = ("people.name", "people.role", "people.state", "people.signed_in", "people.actions")
    explained = el(
        "dl",
        {"class": "roles"},
        *(
            part
            for role in Role
            for part in (
                el("dt", None, words[f"role.{role.value}"]),
                el("dd", None, "; ".join(words[f"right.{right.value}"].lower() for right in _added_by(role))),
            )
        ),
    )
    return section("people", words["people.heading"], _table("people-rows", heads, language), form, explained)


def _added_by(role: Role) -> list[Right]:
    """Rights that the role has beyond the one before it."""
    order = list(Role)
    before = RIGHTS[order[order.index(role) - 1]] if order.index(role) else frozenset()
    return [right for right in Right if right in RIGHTS[role] - before]


def _tokens(language: Language) -> Markup:
    words = texts(language)
    boxes = (
        el(
            "label",
            {"class": "check"},
            el("input", {"type": "checkbox", "name": "rights", "value": right.value, "checked": right is Right.SEE}),
            words[f"right.{right.value}"],
        )
        for right in Right
        if right is not Right.ADMINISTER
    )
    form = el(
        "form",
        {"id": "add-token", "class": "door-form wide"},
        field("token", words["people.name"], autocomplete="off", maxlength=40),
        field("days", words["people.days"], type="number", min=1, max=730, value=TOKEN_DAYS),
        el("fieldset", None, el("legend", None, words["people.rights"]), *boxes),
        submit(words["people.add_token"]),
    )
    heads = ("people.name", "people.rights", "people.expires", "people.used", "people.actions")
    hint = el("p", {"class": "hint"}, words["people.tokens_hint"])
    return section("tokens", words["people.tokens"], hint, _table("token-rows", heads, language), form)


def _table(rows: str, heads: tuple[str, ...], language: Language) -> Markup:
    words = texts(language)
    head = el("tr", None, *(el("th", {"scope": "col"}, words[key]) for key in heads))
    table = el("table", {"class": "stacked"}, el("thead", None, head), el("tbody", {"id": rows}))
    return el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words[heads[0]]}, table)
