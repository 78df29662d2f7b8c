"""The public display: a few figures of the building for the lobby, large and without any control.

It is open to anybody when the site file switches it on, and has an answer of its own that carries nothing else.
"""

from datetime import datetime
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import Field

from dashboards.answers.site import Answer
from dashboards.components import Fold, components
from dashboards.figures import Figure, figures
from dashboards.markup import Markup, el
from dashboards.pages.frame import document, json_script, per_site
from dashboards.ports.view import PointView, SiteView
from dashboards.reading import price_now
from dashboards.shown import DECIMALS, rounded
from dashboards.words import LANGUAGES, Language, pick, texts
from models.site import Site
from models.units import Unit

PUBLIC: Final = ("figure.outdoor", "figure.pv", "figure.heat", "figure.import")
"""What is shown to anybody; nothing of rooms."""


class DisplayFigure(Answer):
    """One figure."""

    key: str
    value: float | None = Field(description="None while it is not known")
    unit: str


class DisplayAnswer(Answer):
    """What the display shows."""

    at: datetime = Field(description="Site time")
    figures: list[DisplayFigure]
    price_nok_per_kwh: float | None = Field(description="Now, ex VAT")


def add_display(app: FastAPI, view: SiteView) -> None:
    """The page in both languages, and what it shows."""

    @app.get("/api/display", summary="Figures of the public display", tags=["display"])
    async def shown() -> DisplayAnswer:
        return answer(view)

    for language in LANGUAGES:
        _add_page(app, view, "/display" if language == "nb" else f"/{language}/display", language)


def _add_page(app: FastAPI, view: SiteView, path: str, language: Language) -> None:
    @app.get(path, response_class=HTMLResponse, include_in_schema=False)
    def show() -> HTMLResponse:
        return HTMLResponse(display(view.site, language), headers={"Cache-Control": "no-cache"})


def answer(view: SiteView) -> DisplayAnswer:
    """What the display shows now; a figure of which a part is not known is not known."""
    wanted = _figures(view.site, "nb")
    points = {point.id: point for point in view.points()}
    price = price_now(view)
    return DisplayAnswer(
        at=view.now(),
        figures=[
            DisplayFigure(key=figure.text, value=_value(figure, points), unit=_unit(view.site, figure))
            for figure in wanted
        ],
        price_nok_per_kwh=price[0] if price else None,  # type: ignore[arg-type]  # checked by pydantic
    )


def display(site: Site, language: Language) -> str:
    """The page; its script fills the values in."""
    words = texts(language)
    tiles = [
        el(
            "div",
            {"class": "tile", "data-key": figure.text},
            el("span", {"class": "name"}, words[figure.text]),
            el(
                "span",
                {"class": "value"},
                el("span", {"class": "n"}, "–"),
                el("span", {"class": "u"}, f" {_unit(site, figure)}"),
            ),
        )
        for figure in _figures(site, language)
    ]
    price = el(
        "div",
        {"class": "tile", "id": "price"},
        el("span", {"class": "name"}, words["figure.price"]),
        el("span", {"class": "value"}, el("span", {"class": "n"}, "–"), el("span", {"class": "u"}, " kr/kWh")),
    )
    name = pick(site.name, language)
    body = el(
        "body",
        {"class": "display"},
        el("header", None, el("h1", None, name), el("time", {"id": "clock"}, "–")),
        el("main", {"class": "display-tiles"}, *tiles, price),
        el("p", {"id": "lost", "role": "status"}),
        _config(site, language),
        el("script", {"type": "module", "src": "/static/js/display.js"}),
    )
    return document(language, name, body, ("tokens", "display"))


@per_site
def _figures(site: Site, _language: Language) -> list[Figure]:
    found = {figure.text: figure for figure in figures(site, components(site))}
    return [found[key] for key in PUBLIC if key in found]


def _unit(site: Site, figure: Figure) -> str:
    return site.points[figure.points[0]].spec.shown_unit.value


def _value(figure: Figure, points: dict[str, PointView]) -> float | None:
    values = [points[id_].value for id_ in figure.points]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    total = sum(known) if figure.fold is Fold.SUM else known[0]
    return rounded(total, points[figure.points[0]].unit)


def _config(site: Site, language: Language) -> Markup:
    config: dict[str, Any] = {
        "language": language,
        "timeZone": site.place.time_zone,
        "texts": {key: text for key, text in texts(language).items() if key.startswith(("display.", "time."))},
        "decimals": {unit.value: DECIMALS[unit] for unit in (Unit.DEGC, Unit.KW, Unit.NOK_PER_KWH)},
        "viewer": {"name": "", "role": None, "rights": []},
        "csrf": None,
    }
    return json_script("config", config)
