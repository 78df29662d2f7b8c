"""Data quality: can the figures be trusted?"""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import CustomVariable
from grafana_foundation_sdk.models.dashboard import VariableOption

from dashboards.grafana import palette
from dashboards.grafana.board import Page
from dashboards.grafana.desk import Desk
from dashboards.grafana.influxql import (
    answering,
    courses,
    gained_every,
    newest,
    not_good,
    of_chosen_equipment,
    samples_of,
    still,
    summed,
)
from dashboards.grafana.panels import NOW, SUM_STEP, Row, Spec, added, arithmetic, figure, listed, trend
from dashboards.grafana.plant import heat_meters_of_pumps, main_meters, outdoors, sub_meters
from models.units import Unit

DEGC, KW, KWH, PLAIN = (palette.UNIT[unit] for unit in (Unit.DEGC, Unit.KW, Unit.KWH, Unit.COUNT))
STILL_K: Final = 0.05
"""A living temperature sensor varies by more in a day."""
EQUIPMENT: Final = "equipment"


def page(desk: Desk) -> Page:
    """The dashboard."""
    title, question = desk.page("quality")
    word = desk.word
    return Page(
        "quality",
        title,
        question,
        [
            Row(word("coverage"), [_heard(desk), _samples(desk), _newest(desk), _not_good(desk)]),
            Row(word("believable"), [_still(desk), _outdoors(desk), _balance(desk), _counters(desk)]),
            Row(word("search"), [_drill(desk)]),
        ],
        refresh="5m",
        variables=[_equipment(desk)],
    )


def _equipment(desk: Desk) -> CustomVariable:
    """Everything that sends values, by name; names are made safe for Grafana's list of options."""
    names = {equipment: name.replace(",", "").replace(" : ", " ") for equipment, name in desk.names.items()}
    several = {name for name in names.values() if list(names.values()).count(name) > 1}
    shown = {e: f"{name} ({e})" if name in several else name for e, name in names.items()}
    first = desk.quantities[0].equipment
    options = [VariableOption(selected=e == first, text=name, value=e) for e, name in shown.items()]
    values = ", ".join(f"{name} : {e}" for e, name in shown.items())
    current = VariableOption(selected=True, text=shown[first], value=first)
    chosen = CustomVariable(EQUIPMENT).label(desk.word("equipment")).values(values)
    return chosen.current(current).options(options).multi(False)


def _heard(desk: Desk) -> Spec | None:
    total = len(desk.quantities)
    return figure(
        desk.look("heard", PLAIN, 0, total=str(total)),
        [answering(desk.site.id, desk.kinds)],
        steps=[(None, palette.ALARM_B), (total, palette.TEXT)],
        transform=added(desk.word("point")),
        time_from=NOW,
        width=6,
    )


def _samples(desk: Desk) -> Spec | None:
    return trend(desk.look("samples", PLAIN, 0), [samples_of(desk.site.id, desk.kinds)], stacked=True, width=18)


def _newest(desk: Desk) -> Spec | None:
    headings = {"equipment": desk.word("equipment"), "Time": desk.word("seen")}
    return listed(
        desk.look("newest", PLAIN),
        newest(desk.site.id, desk.kinds),
        headings,
        words={"equipment": desk.names},
        sort=(headings["Time"], False),
        age=True,
    )


def _not_good(desk: Desk) -> Spec | None:
    look = desk.look("not_good", PLAIN, 0, desk.names)
    return trend(look, [not_good(desk.site.id, desk.kinds)], bars=True, stacked=True)


def _still(desk: Desk) -> Spec | None:
    points = desk.site.points
    sensors = [
        q
        for q in desk.quantities
        if q.unit is Unit.DEGC and q.id in points and not points[q.id].writable and "setpoint" not in q.signal
        and "calculated" not in q.signal
    ]  # fmt: skip
    if not sensors:
        return None
    headings = {"point": desk.word("point"), "spread": desk.word("variation")}
    return listed(
        desk.look("frozen", DEGC, 2, least=STILL_K),
        still(desk.site.id, sensors, STILL_K),
        headings,
        words={"point": desk.in_full(sensors)},
        sort=(headings["spread"], False),
    )


def _outdoors(desk: Desk) -> Spec | None:
    sensors = outdoors(desk)
    return trend(desk.look("outdoors", DEGC, 1, desk.by_equipment(sensors)), courses(desk.site.id, sensors))


def _balance(desk: Desk) -> Spec | None:
    site, word = desk.site, desk.word
    main, parts = desk.each(main_meters(desk), "power_kw"), desk.each(sub_meters(desk), "power_kw")
    if not main or not parts:
        return None
    queries = [summed(site.id, main, word("main")), summed(site.id, parts, word("parts"))]
    rest = arithmetic((word("unexplained"), word("main"), "-", word("parts")), keep=[word("unexplained")])
    look = desk.look("balance", KW, 1, {word("unexplained"): word("unexplained")})
    return trend(look, queries, transform=rest, step=SUM_STEP)


def _counters(desk: Desk) -> Spec | None:
    site = desk.site
    own, metered = desk.each(site.heat_pumps, "heat_energy_kwh"), heat_meters_of_pumps(desk, "energy_kwh")
    if not own or not metered:
        return None
    zone = site.place.time_zone
    queries = [gained_every(site.id, own, "1d", zone), gained_every(site.id, metered, "1d", zone)]
    return trend(desk.look("counters", KWH, 0, desk.in_full([*own, *metered])), queries, bars=True)


def _drill(desk: Desk) -> Spec | None:
    look = desk.look("drill", PLAIN, None, None)
    return trend(look, [of_chosen_equipment(desk.site.id, desk.kinds, EQUIPMENT)], width=24)
