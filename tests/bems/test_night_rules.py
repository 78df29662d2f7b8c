"""What the rules would have paid: the arithmetic around the twin, and why it sometimes cannot be said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.history.rows import CommandRow
from bems.night import rules as night_rules
from bems.night.rules import Paid, Replay, by_rules
from bems.twin.inputs import TwinError
from control.plant_model import from_site
from control.record import Record
from control.rules.memory import RuleMemory
from models.prices import PriceSeries
from models.reasons import Code
from models.signals import Command, Reason
from models.site import load_site

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")
PLANT = from_site(SITE)
EVENING = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
MORNING = datetime(2026, 1, 16, 6, 0, tzinfo=UTC)
RECORD = Record(EVENING, 900.0, {"main.power_kw": np.ones(44)})
PRICES = PriceSeries(EVENING, 3600, np.ones(12))


def command(minutes, point, value):
    at = EVENING + timedelta(minutes=minutes)
    return CommandRow(at, Command(point, value, 12, "rules", at + timedelta(minutes=5), Reason("x")))


def asked(**changes):
    usual = {
        "record": RECORD, "commands": (), "prices": PRICES, "period": (EVENING, MORNING), "paid": Paid(100.0, 120.0),
        "memory": None,
    }  # fmt: skip
    return by_rules(SITE, PLANT, *(usual | changes).values())


@pytest.fixture
def twin(monkeypatch):
    """Both runs of the twin, by their energy and cost of each hour and the heat they leave."""
    calls = []
    given = {"rules": (12.0, 13.0, -4.0, 0.0, 0.0), "same": (10.0, 11.0, -9.0, 0.0, 0.0)}

    def account(site, plant, fitted, record, start, hours, controllers, prices, *, memory):
        calls.append((start, hours, memory))
        assert set(controllers) == {"rules", "same"}
        return {
            name: SimpleNamespace(
                bought_kwh=np.full(hours, kwh),
                energy_nok=np.full(hours, nok),
                heat_kwh=np.full(hours, heat[0]),
                heat_nok=np.full(hours, heat[1]),
                score=SimpleNamespace(stored_heat_correction_nok=stored),
            )
            for name, (kwh, nok, stored, *heat) in given.items()
        }

    monkeypatch.setattr(night_rules, "account", account)
    return SimpleNamespace(calls=calls, given=given)


def test_commands_are_repeated_until_the_next_one_to_their_point():
    replay = Replay([command(20, "a", 2.0), command(0, "a", 1.0), command(10, "b", 5.0), command(30, "b", None)])

    def at(minutes):
        decision = replay(SITE, {}, EVENING + timedelta(minutes=minutes), RuleMemory(), 120.0)
        assert all(wish.needs == () for wish in decision.wishes)
        return {wish.point: wish.value for wish in decision.wishes}

    assert at(0) == {"a": 1.0}
    assert at(15) == {"a": 1.0, "b": 5.0}
    assert at(45) == {"a": 2.0, "b": None}


def test_the_difference_is_the_twin_s_and_how_far_it_is_from_the_meter_its_uncertainty(twin):
    memory = RuleMemory()
    found = asked(memory=memory)
    assert found.cost_nok == pytest.approx(120.0 + 11 * (13.0 - 11.0) - 4.0 + 9.0)
    assert found.uncertainty_nok == pytest.approx((110.0 - 100.0) * 1.2)
    assert twin.calls == [(EVENING, 11, memory)]


def test_district_heat_is_paid_for_and_misses_at_its_own_price(twin):
    school = load_site(Path(__file__).parents[2] / "docs" / "examples" / "district_school" / "site.toml")
    twin.given |= {"rules": (12.0, 13.0, 0.0, 40.0, 30.0), "same": (10.0, 11.0, 0.0, 50.0, 35.0)}
    period, paid = (EVENING, MORNING), Paid(110.0, 132.0, 500.0, 400.0)
    found = by_rules(school, from_site(school), RECORD, (), PRICES, period, paid, None)
    assert found.cost_nok == pytest.approx(532.0 + 11 * (13.0 + 30.0 - 11.0 - 35.0))
    assert found.uncertainty_nok == pytest.approx((11 * 50.0 - 500.0) * 0.8)  # electricity is repeated exactly
    lost = by_rules(school, from_site(school), RECORD, (), PRICES, period, Paid(110.0, 132.0, None, None), None)
    assert lost.cost_nok is None


def test_a_night_that_begins_within_the_hour_is_told_from_the_next_one(twin):
    asked(period=(EVENING + timedelta(minutes=3), MORNING))
    asked(period=(EVENING + timedelta(minutes=40), MORNING))
    assert [(start, hours) for start, hours, _ in twin.calls] == [(EVENING, 11), (EVENING + timedelta(hours=1), 10)]


@pytest.mark.parametrize(
    "changes",
    [
        {"prices": None},
        {"paid": Paid(None, None)},
        {"paid": Paid(100.0, None)},
        {"paid": Paid(100.0, 120.0, None, None)},
        {"period": (MORNING - timedelta(minutes=30), MORNING)},
        {"paid": Paid(0.0, 0.0)},
    ],
)
def test_what_is_missing_is_named(twin, changes):
    found = asked(**changes)
    assert found.cost_nok is None
    assert found.why.code == Code.NIGHT_TWIN_LOST


def test_a_record_that_tells_the_twin_too_little_is_named(monkeypatch):
    def account(*_, **__):
        raise TwinError("no outdoor temperature")

    monkeypatch.setattr(night_rules, "account", account)
    assert asked().why.facts["what"] == "no outdoor temperature"
