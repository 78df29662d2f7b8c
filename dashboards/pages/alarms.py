"""The page of alarms: what stands and what to do, what was set aside, how well alarms serve, and the whole list."""

from dashboards.access import Viewer
from dashboards.api.alarms import alarm_list
from dashboards.markup import Markup, el
from dashboards.pages.frame import json_script, page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, said, texts
from models.site import Site


def alarms(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; its script fills the lists."""
    words = texts(language)
    return page(
        view,
        viewer,
        language,
        "alarms",
        words["alarm_page.title"],
        el("p", {"class": "alarm-about", "id": "alarm-about", "role": "status"}, ""),
        section("alarm-now", words["alarm_page.now"], _list("alarm-rows")),
        section("alarm-seen", words["alarm_page.returned"], _list("alarm-returned")),
        section("alarm-aside", words["alarm_page.aside"], _list("alarm-set-aside")),
        section(
            "alarm-figures",
            words["alarm_page.figures"],
            el("p", {"class": "hint"}, words["alarm_page.figures_hint"]),
            el("dl", {"class": "alarm-health", "id": "alarm-health"}),
            el("h3", None, words["alarm_page.often"]),
            el("ol", {"id": "alarm-often"}),
        ),
        section("alarm-known", words["alarm_page.known"], _known(view, view.site, language)),
        _dialog(language),
        json_script("alarm-first", alarm_list(view).model_dump(mode="json")),  # so that nothing moves when it comes
        scripts=["alarms"],
        styles=["alarms"],
    )


def _list(name: str) -> Markup:
    return el("ul", {"class": "alarm-rows", "id": name})


def _known(view: SiteView, site: Site, language: Language) -> Markup:
    words = texts(language)
    heads = ("severity", "text", "respond", "delay", "suppressed_by")
    rows = (
        el(
            "tr",
            None,
            el("td", None, one.sheet.severity),
            el("th", {"scope": "row"}, said(site, one.text, language), el("small", None, f"{one.id} {one.tag or ''}")),
            el("td", {"class": "num"}, f"{one.sheet.respond_min:g} min"),
            el("td", {"class": "num"}, f"{one.sheet.delay_s:g} s / {one.sheet.clear_s:g} s"),
            el("td", None, ", ".join(one.sheet.suppressed_by) or "–"),
        )
        for one in view.alarm_desk.known()
    )
    head = el("tr", None, *(el("th", {"scope": "col"}, words[f"alarm_page.col_{name}"]) for name in heads))
    table = el("table", None, el("thead", None, head), el("tbody", None, *rows))
    scroll = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words["alarm_page.known"]}
    return el(
        "details",
        None,
        el("summary", None, words["alarm_page.known_hint"]),
        el("div", scroll, table),
    )


def _dialog(language: Language) -> Markup:
    """Asks for a reason, and for how long."""
    words = texts(language)
    return el(
        "dialog",
        {"id": "alarm-dialog", "aria-labelledby": "alarm-dialog-title"},
        el(
            "form",
            {"method": "dialog", "id": "alarm-form"},
            el("h2", {"id": "alarm-dialog-title"}, ""),
            el("p", {"id": "alarm-dialog-text"}, ""),
            el("fieldset", {"id": "alarm-minutes"}, el("legend", None, words["alarm_page.how_long"])),
            el("label", {"for": "alarm-reason"}, words["alarm_page.reason"]),
            el("input", {"id": "alarm-reason", "maxlength": "200", "autocomplete": "off"}),
            el("p", {"class": "fault", "id": "alarm-fault", "role": "alert"}, ""),
            el(
                "div",
                {"class": "buttons"},
                el("button", {"type": "button", "id": "alarm-cancel"}, words["alarm_page.cancel"]),
                el("button", {"type": "submit", "id": "alarm-ok"}, ""),
            ),
        ),
    )
