"""What a browser shows instead of the page that was asked for, in its language: why, and what to do next."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.frame import document
from dashboards.words import Language, texts

WHY: Final = {
    401: "refused.unknown",
    403: "refused.role",
    404: "refused.missing",
    421: "refused.host",
    500: "refused.broken",
}
"""Key of what is said, by status."""


def wants_page(method: str, accept: str) -> bool:
    """Whether it is a person's browser that asks for a page, rather than a program or a page's script."""
    return method == "GET" and "text/html" in accept


def language_of(path: str) -> Language:
    """That of the page which was asked for."""
    return "en" if path == "/en" or path.startswith("/en/") else "nb"


def refused(status: int, viewer: Viewer | None, can_sign_in: bool, language: Language) -> str:
    """The page; `can_sign_in` says whether there is anywhere to."""
    words = texts(language)
    title = words[f"{WHY[status]}_title"]
    who = [_who(viewer, language)] if status == 403 and viewer is not None and viewer.role is not None else []
    ways: list[Markup] = []
    if status in (403, 404, 500):
        ways.append(el("a", {"class": "button", "href": f"/{language}"}, words["refused.back"]))
    if can_sign_in and status not in (404, 500):
        text = words["refused.as_other" if status == 403 else "door.sign_in"]
        ways.append(el("a", {"class": "button", "href": f"/{language}/sign-in"}, text))
    body = el(
        "body",
        {"class": "door"},
        el(
            "main",
            {"class": "door-main"},
            el("p", {"class": "door-top"}, el("strong", None, words["door.product"])),
            el("h1", None, title),
            el("p", None, words[WHY[status]]),
            *who,
            el("p", None, words[f"{WHY[status]}_next"]),
            el("p", {"class": "sheet-actions"}, *ways) if ways else "",
        ),
    )
    return document(language, f"{title} – {words['door.product']}", body, ("tokens", "door"))


def _who(viewer: Viewer, language: Language) -> Markup:
    words = texts(language)
    role = words[f"role.{viewer.role}"]
    return el("p", None, words["refused.you_are"].format(name=viewer.name, role=role))
