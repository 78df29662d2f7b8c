"""What monitoring asks for: one verdict whether the system works, and its figures for Prometheus; no point's value.

The verdict is about this program, not about the plant: it fails where starting it anew, or mending its machine, is what
helps. A device, a price feed or a database elsewhere that is away is told, but is no reason to end what still controls.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboards.ports.view import Health, SiteView, State
from models.signals import Quality

Verdict = Literal["healthy", "degraded", "unhealthy"]

FIGURES: Final = {
    "loop_lag_seconds": "How late the last tick of the control loop began",
    "loop_ticks_total": "Ticks of the control loop since the start",
    "record_unstored_ticks": "Ticks that wait to be stored",
    "target_waiting": "Messages or samples that wait to be sent",
    "target_sent_total": "Messages or samples that a target has taken since the start",
    "target_refused_total": "Messages or samples that a target refused and that were set aside, since the start",
}
"""What is said of the figures of parts (`Health.figures`), by kind and name of the figure."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the system is, and the parts that this rests on."""

    verdict: Verdict
    why: tuple[str, ...]
    """What is not as it should be, most important first."""
    parts: tuple[Health, ...]


def condition(view: SiteView) -> Condition:
    """The state of everything: each driver and feed, the record, the loop, the plan, and where data is sent to."""
    parts = (*view.health(), *_plan(view))
    drivers = [part for part in parts if part.kind == "driver"]
    fatal = [f"{p.name}: {p.detail}" for p in parts if p.kind in ("loop", "record") and p.state in ("down", "starting")]
    fatal += [f"{p.name}: {p.detail}" for p in parts if p.kind == "loop" and p.state == "degraded"]
    if drivers and all(part.state == "down" for part in drivers):
        fatal.append("no connection to the plant works")
    told = [f"{part.name}: {part.detail}" for part in parts if part.state != "ok"]
    verdict: Verdict = "unhealthy" if fatal else "degraded" if told else "healthy"
    return Condition(verdict, tuple(dict.fromkeys((*fatal, *told))), parts)


def _plan(view: SiteView) -> Iterator[Health]:
    """The plan as a part; nothing where nothing plans. Its age is wall time, like every other."""
    planning = view.planning()
    if planning is None:
        return
    if planning.plan is None:
        code = "no plan yet" if planning.no_plan is None else planning.no_plan.code
        yield Health("plan", "plan", "starting", None, code)
        return
    age_s = max(0.0, (view.now() - planning.plan.made_at).total_seconds() / view.speed)
    state: State = "ok" if planning.no_plan is None and view.now() < planning.plan.expires_at else "degraded"
    detail = f"made at {planning.plan.made_at:%Y-%m-%d %H:%M} UTC"
    if planning.no_plan is not None:
        detail += f"; since then: {planning.no_plan.code}"
    yield Health("plan", "plan", state, round(age_s, 1), detail)


def exposition(view: SiteView, version: str, accept: str) -> tuple[bytes, str]:
    """All figures in Prometheus' text format, or in OpenMetrics' where `accept` asks for it; with their media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(view, version))
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Figures(Collector):
    """The system's figures as they are at the moment they are asked for."""

    def __init__(self, view: SiteView, version: str) -> None:
        self._view = view
        self._version = version

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        view, now = self._view, condition(self._view)
        yield InfoMetricFamily("bems", "This program and its site", {"version": self._version, "site": view.site.id})
        yield _gauge("bems_healthy", "1 unless the system is unhealthy", float(now.verdict != "unhealthy"))
        yield _gauge("bems_site_time_seconds", "The site's clock", _epoch_s(view.now()))
        yield from _parts(now.parts)
        severities = Counter(alarm.severity for alarm in view.alarms())
        yield _by("bems_alarms", "Active alarms", "severity", [(s, severities[s]) for s in ("A", "B", "C")])
        qualities = Counter(point.quality for point in view.points())
        yield _by("bems_points", "Points by quality", "quality", [(q.value, qualities[q.value]) for q in Quality])
        yield _gauge("bems_commands_held", "Points that are held by a command", float(len(view.held())))


def _parts(parts: Sequence[Health]) -> Iterator[Metric]:
    states = GaugeMetricFamily("bems_part_state", "1 for the state that a part is in", labels=["kind", "name", "state"])
    ages = GaugeMetricFamily("bems_part_age_seconds", "Time since a part last worked", labels=["kind", "name"])
    figures: dict[str, Metric] = {}
    for part in parts:
        for state in get_args(State):
            states.add_metric([part.kind, part.name, state], float(part.state == state))
        if part.age_s is not None:
            ages.add_metric([part.kind, part.name], part.age_s)
        for figure, value in part.figures.items():
            key = f"{part.kind}_{figure}"
            family = CounterMetricFamily if key.endswith("_total") else GaugeMetricFamily
            says = FIGURES.get(key, "See the part's own words")
            metric = figures.setdefault(key, family(f"bems_{key}", says, labels=["name"]))
            metric.add_metric([part.name], value)  # type: ignore[attr-defined]  # both families have it
    yield states
    yield ages
    yield from figures.values()


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(name: str, says: str, label: str, counts: Sequence[tuple[str, int]]) -> Metric:
    metric = GaugeMetricFamily(name, says, labels=[label])
    for key, count in counts:
        metric.add_metric([key], float(count))
    return metric


def _epoch_s(at: datetime) -> float:
    return at.timestamp()
