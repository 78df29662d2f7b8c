"""What people have decided, as control follows it: pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from control.guard import judge
from control.ledger import Ledger
from control.orders import (
    NONE,
    Holiday,
    Mode,
    ModeOrder,
    Order,
    Orders,
    Promotion,
    SetPoint,
    Taken,
    TariffChoice,
    by_mode,
    chosen_next,
    decides,
    follows_plan,
    site_of,
    strategy_of,
    taken_wishes,
)
from control.picture import Scene
from control.rules.memory import RuleMemory
from control.strategy import GOOD, NAIVE, PREPARED
from control.wish import Wish
from models.closures import Closed
from models.priority import Level
from models.promotion import Control
from models.reasons import Code, because
from models.signals import Command
from models.site import load_site, parse_site
from models.tariff import adders_at

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")
NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
"""A Thursday."""


def order(hours=2.0, who="kari", why="test", since=NOON):
    return Order(who, since, why, None if hours is None else since + timedelta(hours=hours))


def mode(which, hours=2.0):
    return Orders(mode=ModeOrder(which, order(hours)))


def test_what_people_let_the_optimiser_do_stands_over_the_site_file_until_it_is_given_back():
    orders = Orders(promotion=Promotion("shadow", "naive", ("cars",), ("cafe",), order(None)))
    now = site_of(SITE, orders).control
    assert (now.optimiser, now.promoted, now.zones_by_rules, now.in_force) == ("shadow", ("cars",), ("cafe",), ())
    assert (now.co2, now.runs_naive) == (SITE.control.co2, True)
    assert orders.at(NOON + timedelta(days=400)) is orders
    assert Orders.from_json(orders.to_json()) == orders
    assert site_of(SITE, NONE) is SITE


def test_orders_end_by_themselves_and_nothing_else_changes():
    orders = Orders(taken={"a1.setpoint_degc": Taken(22.5, order(1)), "a2.setpoint_degc": Taken(22.5, order(3))})
    assert orders.at(NOON + timedelta(minutes=59)) is orders
    later = orders.at(NOON + timedelta(hours=1))
    assert list(later.taken) == ["a2.setpoint_degc"]
    assert later.at(NOON + timedelta(hours=1)) is later
    assert mode(Mode.AWAY).at(NOON + timedelta(hours=2)).mode is None


def test_a_clock_that_is_put_back_does_not_make_an_order_longer():
    orders = Orders(taken={"a1.setpoint_degc": Taken(22.5, order(1))})
    assert orders.at(NOON - timedelta(minutes=30)).taken
    assert not orders.at(NOON - timedelta(days=1)).taken


def test_an_order_without_an_end_stays():
    orders = Orders(comfort={"a1": SetPoint(23.0, order(None))})
    assert orders.at(NOON + timedelta(days=4000)) is orders


def test_orders_survive_as_text():
    closed = Closed(start=datetime(2026, 12, 24), until=datetime(2026, 12, 27), zones=("cafe",), note="jul")  # noqa: DTZ001
    orders = Orders(
        taken={"a1.setpoint_degc": Taken(22.5, order())},
        mode=ModeOrder(Mode.AWAY, order()),
        comfort={"a1": SetPoint(23.0, order(None))},
        setback={"cafe": SetPoint(18.0, order(None))},
        holidays={"jul": Holiday(closed, order(None))},
        tariff=TariffChoice("other", order(None)),
    )
    assert Orders.from_json(orders.to_json()) == orders
    with pytest.raises(ValueError, match="mode"):
        Orders.from_json('{"mode": {"mode": "party", "order": {"who": "x", "since": "2026-01-01T00:00:00Z"}}}')


def test_settings_lie_over_the_file_within_their_limits_and_leave_the_rest_alone():
    orders = Orders(
        comfort={"a1": SetPoint(23.5, order()), "cafe": SetPoint(40.0, order()), "unit_a": SetPoint(16, order())}
    )
    now = site_of(SITE, orders)
    zones = {zone.id: zone for zone in now.zones}
    assert zones["unit_a"].rooms[0].setpoint_degc == 23.5
    assert zones["unit_a"].rooms[1:] == SITE.zones[0].rooms[1:]
    assert zones["cafe"].setpoint_degc == 26.0
    assert zones["unit_a"].setpoint_degc == 20.0
    assert now.points == SITE.points
    assert site_of(SITE, NONE) is SITE


def test_a_set_back_is_never_above_the_set_point():
    orders = Orders(comfort={"cafe": SetPoint(18.0, order())}, setback={"cafe": SetPoint(20.0, order())})
    cafe = next(zone for zone in site_of(SITE, orders).zones if zone.id == "cafe")
    assert (cafe.setpoint_degc, cafe.setback_degc) == (18.0, 18.0)


def scene(site, local):
    return Scene(site, {}, local.replace(tzinfo=site.zone_info).astimezone(UTC), 120.0, NOON)


def manned(site, local):
    return {zone.id for zone in site.zones if zone.occupied and scene(site, local).manned(zone)}


def test_a_holiday_closes_its_zones_and_no_others():
    thursday = datetime(2026, 1, 15, 12)  # noqa: DTZ001
    usual = manned(SITE, thursday)
    closed = Closed(start=datetime(2026, 1, 15), until=datetime(2026, 1, 16), zones=("cafe",))  # noqa: DTZ001
    shut = site_of(SITE, Orders(holidays={"x": Holiday(closed, order(None))}))
    assert usual - manned(shut, thursday) == {"cafe"}
    assert manned(shut, thursday + timedelta(days=1)) == manned(SITE, thursday + timedelta(days=1))


def test_away_closes_what_nobody_lives_in_and_spares_who_serves_the_residents():
    site = site_of(SITE, mode(Mode.AWAY))
    shut = manned(SITE, datetime(2026, 1, 15, 12, 30)) - manned(site, datetime(2026, 1, 15, 12, 30))  # noqa: DTZ001
    kinds = {zone.id: zone.kind.value for zone in SITE.zones}
    assert shut
    assert {kinds[zone] for zone in shut} == {"day", "office"}
    assert manned(site, datetime(2026, 1, 15, 14, 30)) == manned(SITE, datetime(2026, 1, 15, 14, 30))  # noqa: DTZ001
    units = {unit.id: bool(site.closures(unit)) for unit in site.air_handling}
    assert not any(units[unit.id] for unit in site.air_handling if unit.bedrooms)


def test_preparedness_keeps_zones_warm_and_stores_full(paper):
    paper.now = paper.now.replace(hour=0)  # one o'clock at night
    paper.layers("buffer", 45.0, 45.0, 45.0, 45.0)
    paper.layers("hp_tank", 49.0, 49.0, 45.0, 44.0)
    found = {}
    for strategy in (GOOD, PREPARED):
        paper.strategy, paper.memory = strategy, RuleMemory()
        values = paper.decide()
        found[strategy.label] = (
            values["cafe.setpoint_degc"],
            sum(values.get(f"hp{n}_io.stage_request", 0.0) for n in (1, 2)) > 0,
            paper.memory.duty is not None and paper.memory.duty.machine is not None,
        )
    assert found == {"rules": (19.0, False, False), "preparedness": (21.0, True, True)}
    assert paper.code("cafe.setpoint_degc") == Code.ZONE_PREPARED


def test_by_hand_only_safety_and_hygiene_pass_and_the_rest_is_given_back():
    wishes = [
        Wish("a", 1.0, because(Code.CURVE), ("x",)),
        Wish("b", 0.0, because(Code.BLINDS_WIND, wind_m_per_s=20.0), ("x",)),
        Wish("c", 3.0, because(Code.AFTER_HEATER_CYCLE), ("x",)),
    ]
    passed = by_mode(Mode.MANUAL, wishes)
    assert [(wish.point, wish.value) for wish in passed] == [("a", None), ("b", 0.0), ("c", 3.0)]
    assert by_mode(Mode.AWAY, wishes) == wishes


def test_who_decides_and_whether_a_plan_is_followed():
    assert [follows_plan(m) for m in Mode] == [True, True, False, False]
    assert strategy_of(Mode.PREPAREDNESS, Control(rules="naive")) is PREPARED
    assert strategy_of(Mode.NORMAL, Control(rules="naive")) is strategy_of(Mode.MANUAL, Control(rules="naive")) is NAIVE
    assert strategy_of(Mode.NORMAL, Control(rules="naive", optimiser="on")) is GOOD
    assert strategy_of(Mode.AWAY, Control()) is GOOD
    assert decides(mode(Mode.AWAY)) is None
    assert decides(mode(Mode.MANUAL)).facts == {"who": "kari"}


def test_what_is_taken_over_passes_the_guard_exactly_where_it_is_allowed(paper):
    orders = Orders(
        taken={"a1.setpoint_degc": Taken(22.1, order()), "circuit_floor_ab.supply_setpoint_degc": Taken(59, order())}
    )
    ledger = Ledger().written("a1.setpoint_degc", 22.0, paper.now, date(2026, 1, 15))
    judged = judge(
        taken_wishes(SITE, orders), SITE, paper.picture, paper.now, ledger, priority=Level.OPERATOR, source="operator"
    )
    room, circuit = judged
    assert isinstance(room, Command)
    assert (room.value, room.priority, room.reason.code) == (pytest.approx(22.1), 8, Code.OPERATOR_HOLD)
    assert circuit.value < 59
    assert circuit.reason.code == Code.GUARD_CIRCUIT_LIMIT


def test_a_closure_of_a_zone_that_is_not_there_is_a_fault_of_the_file():
    import tomllib

    from models.faults import SiteError

    path = Path(__file__).parents[2] / "site.biri.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    span = {"start": datetime(2026, 12, 24), "until": datetime(2026, 12, 27)}  # noqa: DTZ001
    assert parse_site(raw | {"closed": [span | {"zones": ["cafe"]}]}, "x", path.parent).closed
    with pytest.raises(SiteError, match=r"closed\[0\]\.zones\[0\]"):
        parse_site(raw | {"closed": [span | {"zones": ["kafe"]}]}, "x", path.parent)
    with pytest.raises(SiteError, match="after start"):
        parse_site(raw | {"closed": [span | {"until": span["start"]}]}, "x", path.parent)


def test_a_choice_of_tariff_changes_the_tariff_and_an_unknown_one_does_not():
    other = SITE.tariff.model_copy(update={"vat_pct": 0.0})
    site = SITE.model_copy(update={"tariff_choices": {"other": other}})
    chosen = site_of(site, Orders(tariff=TariffChoice("other", order(None)))).tariff
    assert (chosen.vat_pct, SITE.tariff.vat_pct) == (0.0, 25.0)
    assert site_of(site, Orders(tariff=TariffChoice("gone", order(None)))).tariff is site.tariff
    assert replace(NONE) == NONE


def test_each_tariff_counts_from_the_day_it_was_chosen_on():
    terms = SITE.tariff.supplier[0]
    dear = SITE.tariff.model_copy(update={"supplier": (terms.model_copy(update={"markup_nok_per_kwh": 2.0}),)})
    site = SITE.model_copy(update={"tariff_choices": {"dear": dear}})
    first = chosen_next("dear", Order("kari", datetime(2026, 3, 9, 23, 30, tzinfo=UTC)), None)
    back = chosen_next("", Order("ola", datetime(2026, 3, 20, 9, tzinfo=UTC)), first)
    tariff = site_of(site, Orders(tariff=back)).tariff
    own = terms.markup_nok_per_kwh
    asked = {day: adders_at(tariff, datetime(2026, 3, day, 12, tzinfo=UTC)).supplier for day in (1, 9, 10, 19, 20, 31)}
    assert asked == {1: own, 9: own, 10: 2.0, 19: 2.0, 20: own, 31: own}
    assert adders_at(tariff, datetime(2026, 3, 31, 12, tzinfo=UTC)) == adders_at(
        SITE.tariff, datetime(2026, 3, 31, 12, tzinfo=UTC)
    )
    assert Orders.from_json(Orders(tariff=back).to_json()).tariff == back
