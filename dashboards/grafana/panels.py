"""Panels in the manner of the operators' pages: quiet when all is well, limits and normal bands drawn, names and units.

Every function gives a `Spec`: a panel of the builder library with its width and height; `board` puts them in place.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana import palette
from dashboards.grafana.desk import Look
from dashboards.grafana.influxql import Query

SOURCE: Final = model.DataSourceRef(type_val="influxdb", uid="${datasource}")
GAP_MS: Final = 20 * 60 * 1000
"""Values further apart are not joined: a living point is recorded more often than that."""
SUM_STEP: Final = "15m"
"""Shortest step of sums over several points: each of them has been recorded within it."""
NOW: Final = "30m"
"""What a figure of the present looks back on: older values are not the present, the panel then says 'no data'."""

Steps = Sequence[tuple[float | None, str]]
"""Where a colour begins; the first begins at None."""


class InfluxTarget(Dataquery):
    """A query as Grafana's InfluxDB datasource stores it."""

    def __init__(self, ref: str, query: Query) -> None:
        self.ref = ref
        self.query = query

    def to_json(self) -> dict[str, object]:
        """The target of a panel."""
        return {
            "refId": self.ref,
            "datasource": SOURCE,
            "query": self.query.text,
            "rawQuery": True,
            "resultFormat": "table" if self.query.table else "time_series",
            "alias": "" if self.query.table else self.query.alias,
            "measurement": "",
            "policy": "default",
            "orderByTime": "ASC",
            "groupBy": [],
            "select": [],
            "tags": [],
        }


class _Target(Builder[Dataquery]):
    def __init__(self, ref: str, query: Query) -> None:
        self._target = InfluxTarget(ref, query)

    def build(self) -> Dataquery:
        """The target."""
        return self._target


@dataclass(frozen=True)
class Spec:
    """A panel and the room it wants."""

    panel: Any
    """A builder of the library; its panels share no base class."""
    width: int
    height: int


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Spec | None]
    """None where the site lacks what the panel would show."""


def _begun(
    panel: Any, look: Look, queries: Sequence[Query], *, coloured: bool = True, dashed: Collection[str] = ()
) -> Any:
    panel.title(look.title).description(look.why).datasource(SOURCE).unit(look.unit)
    if look.decimals is not None:
        panel.decimals(look.decimals)
    for number, query in enumerate(queries):
        panel.with_target(_Target(_ref(number), query))
    for number, (series, name) in enumerate((look.names or {}).items()):
        properties = [model.DynamicConfigValue("displayName", name)]
        if coloured:
            colour = palette.SERIES[number % len(palette.SERIES)]
            properties.append(model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}))
        if series in dashed:
            properties.append(model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}))
        panel.override_by_name(series, properties)
    return panel


def _ref(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else f"Q{number}"


def _thresholds(steps: Steps) -> build.ThresholdsConfig:
    mode = model.ThresholdsMode.ABSOLUTE
    return build.ThresholdsConfig().mode(mode).steps([model.Threshold(value, colour) for value, colour in steps])


def figure(
    look: Look,
    queries: Sequence[Query],
    *,
    steps: Steps = ((None, palette.TEXT),),
    empty: str | None = None,
    time_from: str | None = None,
    reduce: str = "lastNotNull",
    transform: Sequence[model.DataTransformerConfig] = (),
    width: int = 4,
) -> Spec | None:
    """One number; coloured only when it is not normal. `empty` is shown where no rows mean none (a count)."""
    if not queries:
        return None
    panel = _begun(stat.Panel(), look, queries, coloured=False).thresholds(_thresholds(steps))
    panel.reduce_options(common.ReduceDataOptions().calcs([reduce]).values(False))
    panel.color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    panel.text_mode(options.BigValueTextMode.VALUE)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    if empty is not None:
        panel.no_value(empty)
    if time_from is not None:
        panel.time_from(time_from)
    for transformation in transform:
        panel.with_transformation(transformation)
    return Spec(panel, width, 4)


def trend(  # noqa: PLR0913
    look: Look,
    queries: Sequence[Query],
    *,
    steps: Steps = (),
    stacked: bool = False,
    bars: bool = False,
    dashed: Collection[str] = (),
    line: str | None = None,
    low: float | None = None,
    high: float | None = None,
    transform: Sequence[model.DataTransformerConfig] = (),
    step: str | None = None,
    width: int = 12,
) -> Spec | None:
    """Lines (or bars) over time. `steps` draw limits as dashed lines with the zones between them; `dashed` are
    the series that are set points, `line` the one that is not stacked; `low` and `high` are what the axis shows at
    least; `step` is the shortest step of time.
    """
    if not queries:
        return None
    panel = _begun(timeseries.Panel(), look, queries, dashed=dashed)
    panel.line_width(1).show_points(options.VisibilityMode.NEVER).span_nulls(GAP_MS)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
    panel.legend(legend.placement(options.LegendPlacement.BOTTOM).show_legend(True).calcs([]))
    if bars:
        panel.draw_style(options.GraphDrawStyle.BARS).fill_opacity(70).bar_alignment(options.BarAlignment.AFTER)
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")).fill_opacity(55)
    if steps:
        panel.thresholds(_thresholds(steps))
        style = options.GraphTresholdsStyleMode.DASHED_AND_AREA
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
    if line is not None:
        alone = {"stacking": {"mode": "none"}, "fillOpacity": 0, "lineWidth": 2}
        panel.override_by_name(line, [model.DynamicConfigValue(f"custom.{key}", to) for key, to in alone.items()])
    if low is not None:
        panel.axis_soft_min(low)
    if high is not None:
        panel.axis_soft_max(high)
    if step is not None:
        panel.interval(step)
    for transformation in transform:
        panel.with_transformation(transformation)
    return Spec(panel, width, 8)


def states(
    look: Look, queries: Sequence[Query], texts: Mapping[int, tuple[str, str]], *, width: int = 12
) -> Spec | None:
    """A strip of states for each series; `texts` gives the word and the colour of each number."""
    if not queries:
        return None
    panel = _begun(statetimeline.Panel(), look, queries, coloured=False)
    results = {
        str(number): model.ValueMappingResult(text=text, color=colour, index=place)
        for place, (number, (text, colour)) in enumerate(texts.items())
    }
    panel.mappings([model.ValueMap(results)]).merge_values(True).show_value(options.VisibilityMode.AUTO)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    panel.thresholds(_thresholds([(None, palette.STOPPED)])).row_height(0.8).line_width(0).fill_opacity(85)
    panel.override_by_regexp(".*", [model.DynamicConfigValue("custom.spanNulls", GAP_MS)])
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.SINGLE))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
    panel.legend(legend.placement(options.LegendPlacement.BOTTOM).show_legend(False).calcs([]))
    return Spec(panel, width, max(6, 3 + round(0.7 * len(look.names or ()))))


def compared(
    look: Look, queries: Sequence[Query], *, steps: Steps = ((None, palette.BAND),), width: int = 12, height: int = 8
) -> Spec | None:
    """One bar for each series."""
    if not queries:
        return None
    panel = _begun(bargauge.Panel(), look, queries, coloured=False).min(0).thresholds(_thresholds(steps))
    panel.orientation(options.VizOrientation.HORIZONTAL).display_mode(options.BarGaugeDisplayMode.BASIC)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)).show_unfilled(True)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    return Spec(panel, width, height)


def listed(
    look: Look,
    query: Query,
    headings: Mapping[str, str],
    *,
    words: Mapping[str, Mapping[str, str]] | None = None,
    sort: tuple[str, bool] | None = None,
    age: bool = False,
    width: int = 12,
) -> Spec:
    """A table. `headings` name its columns; others are hidden. `words` gives texts for values of a column.

    `sort` is a column's heading and whether the greatest comes first; `age` shows times as how long ago they are.
    """
    panel = _begun(table.Panel(), look, [query])
    kept = {"include": {"names": ["time", *headings]}} if "Time" in headings else {"include": {"names": [*headings]}}
    panel.with_transformation(model.DataTransformerConfig("filterFieldsByName", options=kept))
    order = {
        "excludeByName": {},
        "indexByName": {column: place for place, column in enumerate(headings)},
        "renameByName": {**headings} | ({"time": headings["Time"]} if "Time" in headings else {}),
    }
    panel.with_transformation(model.DataTransformerConfig("organize", options=order))
    for column, texts in (words or {}).items():
        mapping = {"type": "value", "options": {value: {"text": text} for value, text in texts.items()}}
        panel.override_by_name(headings[column], [model.DynamicConfigValue("mappings", [mapping])])
    if age:
        panel.override_by_name(headings["Time"], [model.DynamicConfigValue("unit", "dateTimeFromNow")])
    if sort is not None:
        panel.sort_by([common.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
    return Spec(panel, width, 10)


# --- Figures from two series: Grafana's arithmetic, because no InfluxQL of all three versions has any ---------------


def added(keep: str) -> list[model.DataTransformerConfig]:
    """One series that is the sum of all."""
    joined = model.DataTransformerConfig("joinByField", options={"mode": "outer"})
    total = {"mode": "reduceRow", "reduce": {"reducer": "sum"}, "alias": keep, "replaceFields": True}
    return [joined, model.DataTransformerConfig("calculateField", options=total)]


def arithmetic(*steps: tuple[str, str, str, str], keep: Sequence[str]) -> list[model.DataTransformerConfig]:
    """Join the series by time, compute (result, left, operator, right) in turn, and keep these fields."""
    joined = model.DataTransformerConfig("joinByField", options={"mode": "outer"})
    made = [
        model.DataTransformerConfig(
            "calculateField",
            options={
                "mode": "binary",
                "alias": result,
                "binary": {"left": left, "operator": operator, "right": right},
                "replaceFields": False,
            },
        )
        for result, left, operator, right in steps
    ]
    names = ["Time", "time", *keep]
    kept = model.DataTransformerConfig("filterFieldsByName", options={"include": {"names": names}})
    return [joined, *made, kept]
