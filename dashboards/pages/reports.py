"""The page of reports: deviations that are open, and every period there is one of, to be downloaded in each format."""

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.deviations import deviations
from dashboards.pages.frame import page
from dashboards.ports.view import SiteView
from dashboards.reports.assemble import title
from dashboards.reports.formats import FORMATS
from dashboards.reports.model import Period
from dashboards.reports.say import Say
from dashboards.words import Language, texts


def reports(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    words = texts(language)
    return page(
        view, viewer, language, "reports", words["report_page.title"],
        el("p", {"class": "message", "id": "message", "role": "status"}),
        deviations(view, viewer, language),
        _list(view, language),
        scripts=["deviations"], styles=["entries"],
    )  # fmt: skip


def _list(view: SiteView, language: Language) -> Markup:
    words, offered = texts(language), view.reports.offered()
    heads = [el("th", {"scope": "col"}, words[key]) for key in ("report_page.period", "report_page.download")]
    rows = [_row(view, period, language) for period in offered]
    shown = el(
        "div",
        {"class": "scroll", "tabindex": "0"},
        el("table", None, el("thead", None, el("tr", None, *heads)), el("tbody", None, *rows)),
    )
    return el(
        "section",
        {"class": "part", "aria-label": words["report_page.title"]},
        el("p", {"class": "hint"}, words["report_page.about"] if rows else words["report_page.nothing"]),
        shown if rows else "",
    )


def _row(view: SiteView, period: Period, language: Language) -> Markup:
    name = title(period, Say(view.site, language))
    today = view.now().astimezone(view.site.zone_info).date()
    running = f" ({texts(language)['report_page.running']})" if period.last >= today else ""
    links: list[str] = []
    for kind in FORMATS:
        where = f"/api/reports/{period.id}?format={kind}&language={language}"
        label = f"{name}, {kind.upper()}"
        links += [el("a", {"href": where, "download": True, "aria-label": label}, kind.upper()), " "]
    return el("tr", None, el("th", {"scope": "row"}, name + running), el("td", None, *links))
