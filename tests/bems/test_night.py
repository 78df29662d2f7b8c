"""The night beside the loop: when it is planned and accounted for, what a restart keeps, what the record says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.cli import main
from bems.history.record import Record
from bems.history.rows import Event, EventKind, KnownForecast
from bems.history.times import to_ms
from bems.night.live import Nights, Planned, planned_by
from bems.night.view import nights_view
from bems.night.work import happenings, look_back
from bems.worker import WorkLost
from control.assets.chargers import Session
from control.dispatch import Options, plan
from control.grid import Grid
from control.night.account import Account
from control.night.data import Kind
from control.night.programme import programme
from control.plant_model import from_site
from models.profile import Text
from models.reasons import Code, because
from models.signals import Sample
from models.site import load_site
from models.tariff import adders_at
from tests.control.plans import small

ROOT = Path(__file__).parents[2]
EVENING = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
MORNING = datetime(2026, 1, 16, 6, 0, tzinfo=UTC)
NIGHT = Grid(EVENING, (1,) * 24 + (2,) * 12)


def hours(n):
    return EVENING + timedelta(hours=n)


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def planned(biri):
    """A car that charges from 02:00 to 03:00 local time beside 10 kW."""
    price = np.where(np.floor(NIGHT.edges_h[:-1]) == 6, 0.5, 2.0)
    session = Session(("charger_1",), hours(-1), hours(11.5), 11.0, 11.0)
    case = small(NIGHT, buy_nok_per_kwh=price, sessions=(session,), base_load_kw=10.0)
    return Planned(plan(case, Options(whole_h=0.0)), case, from_site(biri))


@pytest.fixture
def record(tmp_path):
    with Record.open(tmp_path / "record.sqlite") as opened:
        yield opened


class Wall:
    """A site clock that is set by hand."""

    def __init__(self, at=EVENING):
        self.at = at

    def __call__(self):
        return self.at


class Here:
    """A worker without a process."""

    def __init__(self, fault=None):
        self.fault = fault
        self.calls = 0

    async def call(self, function, *arguments, timeout_s):
        self.calls += 1
        assert timeout_s > 0
        if self.fault is not None:
            raise self.fault
        return function(*arguments)

    async def end(self):
        pass


def accounted(path, site, plant, of, memory):
    words = Text(nb="spart", en="saved")
    return Account(of.start, of.end, of.identity, 121.0, 205.5, 121.0, 205.5, None, None, words, (), ())


def nights(site, record, tmp_path, clock, given, worker=None):
    made = Nights(
        site, record, tmp_path / "record.sqlite", clock, lambda: given, worker=worker or Here(), look_back=accounted
    )
    made.told = []
    made.note = made.told.append
    return made


async def test_a_night_is_planned_in_the_evening_and_accounted_for_in_the_morning(biri, record, tmp_path, planned):
    clock = Wall(EVENING - timedelta(minutes=1))
    of = nights(biri, record, tmp_path, clock, planned)
    await of.look()
    assert of.programme is None
    clock.at = EVENING
    await of.look()
    assert Kind.CARS in {item.kind for item in of.programme.items}
    first = of.programme
    clock.at = hours(5)
    await of.look()
    assert of.programme is first
    clock.at = MORNING + timedelta(minutes=9)
    await of.look()
    assert of.accounts == []
    clock.at = MORNING + timedelta(minutes=10)
    await of.look()
    await of.look()
    assert [one.end for one in of.accounts] == [MORNING]
    assert [event.data["code"] for event in of.told] == [Code.NIGHT_MADE, Code.NIGHT_ACCOUNTED]
    assert all(event.subject == "night" and event.kind is EventKind.CONTROL for event in of.told)


async def test_a_restart_keeps_the_programme_and_the_accounts(biri, record, tmp_path, planned):
    clock = Wall()
    before = nights(biri, record, tmp_path, clock, planned)
    await before.look()
    clock.at = hours(3)
    after = nights(biri, record, tmp_path, clock, planned)
    assert after.programme == before.programme
    await after.look()
    assert after.told == []
    clock.at = MORNING + timedelta(hours=2)
    await after.look()
    third = nights(biri, record, tmp_path, clock, planned)
    assert third.accounts == after.accounts != []
    await third.look()
    assert third.told == []


async def test_a_night_waits_half_an_hour_for_a_plan_and_takes_one_that_comes_late(biri, record, tmp_path, planned):
    clock = Wall()
    none = Planned(None, None, planned.plant, because(Code.NO_PLAN_YET))
    of = nights(biri, record, tmp_path, clock, none)
    await of.look()
    assert of.programme is None
    clock.at = EVENING + timedelta(minutes=30)
    await of.look()
    assert (of.programme.items, of.programme.identity) == ((), None)
    assert of.told[-1].data["code"] == Code.NIGHT_RULES
    of._planned = lambda: planned
    await of.look()
    assert of.programme.items
    assert of.told[-1].data["code"] == Code.NIGHT_MADE


async def test_an_account_that_fails_is_told_once(biri, record, tmp_path, planned):
    clock = Wall()
    of = nights(biri, record, tmp_path, clock, planned, Here(WorkLost("its process died")))
    await of.look()
    clock.at = MORNING + timedelta(hours=1)
    await of.look()
    await of.look()
    assert of._worker.calls == 1
    assert of.told[-1].data == {"code": Code.NIGHT_LOST, "what": "its process died"}


async def test_a_plan_that_cannot_be_told_leaves_the_night_to_the_rules(biri, record, tmp_path, planned, caplog):
    broken = Planned(replace(planned.plan, trajectories={}), planned.inputs, planned.plant)
    of = nights(biri, record, tmp_path, Wall(), broken)
    await of.look()
    assert of.programme.identity is None
    await of.look()
    assert caplog.text.count("cannot be told") == 1


async def test_nights_that_cannot_be_read_begin_anew(biri, record, tmp_path, planned, caplog):
    record.save_state("night", {"programme": "{", "accounts": []})
    of = nights(biri, record, tmp_path, Wall(), planned)
    assert "begin anew" in caplog.text
    await of.look()
    assert of.programme is not None


def test_the_record_tells_what_a_night_came_to(biri, record, tmp_path, planned):
    made = programme(planned.plan, planned.inputs, biri, EVENING)
    for minutes in range(0, 11 * 60, 5):
        at = EVENING + timedelta(minutes=minutes)
        car = 11.0 if at.hour == 1 else 0.0
        samples = [Sample("main.power_kw", at, 10.0 + car), Sample("charger_1.power_kw", at, car)]
        lost = {"code": Code.ALARM_CONNECTION, "name": "mb_heat", "points": 3.0}
        events = [Event(at, EventKind.ALARM_UP, "connection.mb_heat", "lost", lost)] if minutes == 60 else []
        record.append_tick(samples, events=events)
    begin = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
    at_ms = np.array([to_ms(begin + timedelta(hours=n)) for n in range(48)])
    record.put_forecast(KnownForecast("prices", EVENING, EVENING, at_ms, {"price_nok_per_kwh": np.ones(48)}))
    found = look_back(tmp_path / "record.sqlite", biri, planned.plant, made)
    assert found.energy_kwh == pytest.approx(121.0)
    adders = sum(adders_at(biri.tariff, hours(n)).total * (21.0 if n == 6 else 10.0) for n in range(11))
    assert found.cost_nok == pytest.approx(121.0 + adders)
    states = {done.item.kind: done.state for done in found.done}
    assert states[Kind.CARS] == states[Kind.PEAK] == "done"
    assert [one.kind for one in found.obstacles] == ["alarm"]
    assert found.saved_nok is None
    assert (found.contest.rules, found.contest.why.code) == (None, Code.NIGHT_TWIN_LOST)
    assert Account.from_json(found.to_json()) == found


def test_an_empty_record_gives_an_account_that_knows_nothing(biri, record, tmp_path, planned):
    made = programme(planned.plan, planned.inputs, biri, EVENING)
    found = look_back(tmp_path / "record.sqlite", biri, planned.plant, made)
    assert (found.energy_kwh, found.cost_nok, found.saved_nok) == (None, None, None)
    assert {done.state for done in found.done} == {"unknown"} | {
        done.state for done in found.done if done.item.kind is Kind.CYCLE
    }


def test_events_without_a_code_are_no_happenings():
    told = [
        Event(EVENING, EventKind.START, "biri", "started"),
        Event(EVENING, EventKind.CONTROL, "rules", "something"),
        Event(EVENING, EventKind.HOLD, "p", "held", {"code": Code.GUARD_WEAR, "budget": 3.0}),
    ]
    (one,) = happenings(told)
    assert (one.kind, one.subject, one.reason.code, dict(one.reason.facts)) == (
        "hold",
        "p",
        Code.GUARD_WEAR,
        {"budget": 3.0},
    )


async def test_the_command_prints_the_night_in_both_languages(biri, record, tmp_path, planned, capsys):
    assert main(["night", "--data", str(tmp_path)]) == 1
    clock = Wall()
    of = nights(biri, record, tmp_path, clock, planned)
    await of.look()
    clock.at = MORNING + timedelta(hours=1)
    await of.look()
    capsys.readouterr()
    assert main(["night", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "det lades 11 kWh mellom 02:00 og 03:00" in said
    assert "Forrige natt" in said
    assert main(["night", "--data", str(tmp_path), "--language", "en"]) == 0
    assert "11 kWh is charged between 02:00 and 03:00" in capsys.readouterr().out
    assert main(["night", "--data", str(tmp_path / "nowhere")]) == 1


async def test_pages_get_the_programme_and_the_accounts_newest_first(biri, record, tmp_path, planned):
    clock = Wall()
    of = nights(biri, record, tmp_path, clock, planned)
    assert nights_view(of, biri).programme is None
    for _ in range(2):
        await of.look()
        clock.at = of.programme.end + timedelta(hours=1)
        await of.look()
        clock.at += timedelta(hours=12, minutes=31)
    shown = nights_view(of, biri)
    assert [one.end for one in shown.accounts] == [MORNING + timedelta(days=1), MORNING]
    assert shown.programme.identity is None  # the plan had ended before the second night


def test_the_planner_s_newest_plan_is_taken_while_it_is_young(biri, planned):
    def planner(made_at, promoted=("cars",)):
        made = SimpleNamespace(found=planned.plan, inputs=planned.inputs)
        advice = SimpleNamespace(made_at=made_at, made=made, plan=planned.plan, plant=planned.plant)
        said = {"no_plan": because(Code.NO_PLAN_YET), "decides": lambda _: because(Code.DECIDES_SHADOW)}
        return SimpleNamespace(advice=advice, plant=planned.plant, promoted=promoted, **said)

    young = planned_by(planner(EVENING), hours(1))
    assert (young.plan, young.why) == (planned.plan, None)
    old = planned_by(planner(EVENING), hours(3))
    assert (old.plan, old.why.code) == (None, Code.NO_PLAN_YET)
    shadow = planned_by(planner(EVENING, ()), hours(1))
    made = programme(shadow.plan, shadow.inputs, biri, hours(1), shadow.why)
    assert made.items
    assert "regl" in made.notes[0].nb.lower()
