"""A dashboard from rows of panels: places without overlap, one line of links, one crosshair, the site's time zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.desk import Desk
from dashboards.grafana.panels import Row, Spec

GRID: Final = 24
SOURCE_UID: Final = "bems_influxdb"
TAG: Final = "bems"


@dataclass(frozen=True)
class Page:
    """A dashboard before it is put in place."""

    key: str
    title: str
    question: str
    """What it answers."""
    rows: Sequence[Row]
    since: str = "now-24h"
    refresh: str = "1m"
    variables: Sequence[build.CustomVariable] = ()


def uid_of(desk: Desk, key: str) -> str:
    """Unique in one Grafana, and the same every time; at most 40 characters, as Grafana demands."""
    return f"bems_{desk.site.id}"[: 39 - len(key)] + f"_{key}"


def board(desk: Desk, page: Page, others: Sequence[tuple[str, str]]) -> build.Dashboard:
    """The dashboard; `others` are key and title of all dashboards of the site."""
    made = (
        build.Dashboard(page.title)
        .uid(uid_of(desk, page.key))
        .description(page.question)
        .tags([TAG, desk.site.id])
        .timezone(desk.site.place.time_zone)
        .week_start("monday")
        .editable()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(page.since, "now")
        .refresh(page.refresh)
        .with_variable(_datasource(desk))
    )
    for variable in page.variables:
        made.with_variable(variable)
    for key, title in others:
        if key != page.key:
            url = f"/d/{uid_of(desk, key)}"
            made.link(build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url).icon("dashboard")
                      .keep_time(True).include_vars(False).target_blank(False).as_dropdown(False).tags([])
                      .tooltip(title))  # fmt: skip
    top, number = 0, 1
    for row in page.rows:
        lines = list(_lines([spec for spec in row.panels if spec is not None]))
        if not lines:
            continue
        made.with_row(build.Row(row.title).id(number).grid_pos(model.GridPos(h=1, w=GRID, x=0, y=top)))
        top, number = top + 1, number + 1
        for line in lines:
            height = max(spec.height for spec in line)
            for spec, left, width in _widened(line):
                place = model.GridPos(h=height, w=width, x=left, y=top)
                made.with_panel(spec.panel.id(number).grid_pos(place))
                number += 1
            top += height
    return made


def _datasource(desk: Desk) -> build.DatasourceVariable:
    current = model.VariableOption(selected=True, text=f"BEMS {desk.site.id}", value=SOURCE_UID)
    label = desk.word("source")
    return build.DatasourceVariable("datasource").label(label).type("influxdb").current(current).multi(False)


def _lines(specs: Sequence[Spec]) -> Iterator[list[Spec]]:
    """The panels in lines no wider than the grid."""
    line: list[Spec] = []
    for spec in specs:
        if sum(s.width for s in line) + spec.width > GRID:
            yield line
            line = []
        line.append(spec)
    if line:
        yield line


def _widened(line: Sequence[Spec]) -> Iterator[tuple[Spec, int, int]]:
    """Each panel with its left edge and its width, the line filled."""
    total, left, wanted = sum(spec.width for spec in line), 0, 0
    for spec in line:
        wanted += spec.width
        right = round(wanted * GRID / total)
        yield spec, left, right - left
        left = right
