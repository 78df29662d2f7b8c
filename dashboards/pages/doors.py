"""Where people come in: sign-in, choosing a password with a code, and everybody's own account."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.needs import needs
from dashboards.pages.frame import document, json_script, page, section
from dashboards.ports.people import People
from dashboards.ports.view import SiteView
from dashboards.words import LANGUAGES, Language, texts

FRESH = {"Cache-Control": "no-store"}


def add_doors(app: FastAPI, view: SiteView, people: People) -> None:
    """The pages that are open to anybody, and the one each has."""
    for language in LANGUAGES:
        _add(app, view, people, language)


def _add(app: FastAPI, view: SiteView, people: People, language: Language) -> None:
    @app.get(f"/{language}/sign-in", response_class=HTMLResponse, include_in_schema=False)
    def sign_in_page() -> HTMLResponse:
        return HTMLResponse(sign_in(language), headers=FRESH)

    @app.get(f"/{language}/welcome", response_class=HTMLResponse, include_in_schema=False)
    def welcome_page() -> HTMLResponse:
        return HTMLResponse(welcome(language, people.is_first_run()), headers=FRESH)

    @app.get(f"/{language}/account", response_class=HTMLResponse, include_in_schema=False)
    def account_page(viewer: Annotated[Viewer, Depends(needs(Right.SEE))]) -> HTMLResponse:
        return HTMLResponse(account(view, viewer, language), headers=FRESH)


def sign_in(language: Language) -> str:
    """Name and password."""
    words = texts(language)
    form = el(
        "form",
        {"id": "sign-in", "class": "door-form"},
        field("name", words["door.name"], autocomplete="username", autocapitalize="none"),
        field("password", words["door.password"], type="password", autocomplete="current-password"),
        submit(words["door.sign_in"]),
    )
    other = el("p", {"class": "hint"}, el("a", {"href": f"/{language}/welcome"}, words["door.have_code"]))
    return _door(language, "sign-in", words["door.sign_in_title"], form, other)


def welcome(language: Language, first_run: bool) -> str:
    """A name, a code, and the password that is chosen."""
    words = texts(language)
    about = words["door.first_run"] if first_run else words["door.with_code"]
    form = el(
        "form",
        {"id": "welcome", "class": "door-form"},
        field("name", words["door.name"], autocomplete="username", autocapitalize="none"),
        field(
            "code", words["door.code"], autocomplete="one-time-code", spellcheck="false", autocapitalize="characters"
        ),
        *new_password(language),
        submit(words["door.choose"]),
    )
    other = el("p", {"class": "hint"}, el("a", {"href": f"/{language}/sign-in"}, words["door.have_password"]))
    title = words["door.first_run_title"] if first_run else words["door.welcome_title"]
    return _door(language, "welcome", title, el("p", None, about), form, other)


def account(view: SiteView, viewer: Viewer, language: Language) -> str:
    """Who somebody is here, and another password."""
    words = texts(language)
    role = words[f"role.{viewer.role.value}"] if viewer.role else "–"
    rights = (el("li", None, words[f"right.{right.value}"]) for right in Right if viewer.may(right))
    about = section(
        "account-about",
        viewer.name,
        el("p", None, words["door.role"].format(role=role)),
        el("ul", {"class": "bullets"}, *rights),
    )
    if viewer.session is None:
        return page(view, viewer, language, "account", words["door.account_title"], about, styles=["door"])
    form = el(
        "form",
        {"id": "password", "class": "door-form"},
        el(
            "input",
            {"type": "text", "name": "username", "value": viewer.name, "autocomplete": "username", "hidden": True},
        ),
        field("old", words["door.old_password"], type="password", autocomplete="current-password"),
        *new_password(language),
        submit(words["door.change"]),
    )
    change = section("account-password", words["door.change_title"], form)
    title = words["door.account_title"]
    return page(view, viewer, language, "account", title, about, change, scripts=["account"], styles=["door"])


def field(name: str, label: str, **attributes: Attribute) -> Markup:
    """An input with its label."""
    given: dict[str, Attribute] = {"id": f"f-{name}", "name": name, "type": "text", "required": True, **attributes}
    return el("div", {"class": "field"}, el("label", {"for": f"f-{name}"}, label), el("input", given))


def new_password(language: Language) -> tuple[Markup, ...]:
    """A new password, twice, and what it has to be."""
    words = texts(language)
    return (
        field(
            "new",
            words["door.new_password"],
            type="password",
            autocomplete="new-password",
            minlength=12,
            **{"aria-describedby": "rule"},
        ),
        field("again", words["door.again"], type="password", autocomplete="new-password"),
        el("p", {"class": "hint", "id": "rule"}, words["door.rule"]),
    )


def submit(text: str) -> Markup:
    """What went wrong, at a place of its own, and the button."""
    return Markup(
        el("p", {"class": "door-fault", "id": "fault", "role": "alert"}) + el("button", {"type": "submit"}, text)
    )


def _door(language: Language, name: str, title: str, *children: str) -> str:
    words = texts(language)
    other: Language = "en" if language == "nb" else "nb"
    switch = el(
        "a",
        {"class": "language", "href": f"/{other}/{name}", "hreflang": other, "lang": other},
        texts(other)["top.language"],
    )
    body = el(
        "body",
        {"class": "door"},
        el(
            "main",
            {"class": "door-main"},
            el("p", {"class": "door-top"}, el("strong", None, words["door.product"]), switch),
            el("h1", None, title),
            *children,
            el("noscript", None, words["top.noscript"]),
        ),
        _config(language),
        el("script", {"type": "module", "src": "/static/js/door.js"}),
    )
    return document(language, f"{title} – {words['door.product']}", body, ("tokens", "door"))


def _config(language: Language) -> Markup:
    """What scripts need of pages without the frame; nothing of the site."""
    config: dict[str, Any] = {
        "language": language,
        "timeZone": "Europe/Oslo",
        "texts": {key: text for key, text in texts(language).items() if key.startswith(("door.", "access."))},
        "decimals": {},
        "viewer": {"name": "", "role": None, "rights": []},
        "csrf": None,
    }
    return json_script("config", config)
