"""What the pages plan, energy and water are told: bills and peaks from counters, minutes from samples, cycles."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind, KnownForecast
from bems.history.times import to_ms
from bems.insight.energy import Known, energy_view, savings
from bems.insight.insight import FRESH_S, Answer, SiteInsight
from bems.insight.metered import Metered
from bems.insight.water import Kept, counted, watched, water_view
from bems.state import unread
from bems.system import System
from control.hygiene import Holding, HygieneState, Proof
from control.night.account import Account
from control.orders import NONE, Order, TariffChoice
from models.profile import Text
from models.reasons import Code
from models.signals import Quality, Sample
from models.site import load_site
from models.tariff import adders_at

ROOT = Path(__file__).parents[2]
MIDNIGHT = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
"""Begin of Thursday 5 March in Norway."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture
def record(tmp_path):
    with Record.open(tmp_path / "record.sqlite") as opened:
        yield opened


def fill(record, point, values, start=MIDNIGHT, step=timedelta(minutes=10)):
    record.append_tick(
        [Sample(point, start + n * step, value, Quality.GOOD) for n, value in enumerate(values)], [], [], {}
    )


def prices(record, nok_per_kwh, hours=48):
    at_ms = np.array([to_ms(MIDNIGHT + n * HOUR) for n in range(hours)], dtype=np.int64)
    columns = {"price_nok_per_kwh": np.full(hours, nok_per_kwh)}
    record.put_forecast(KnownForecast("prices", MIDNIGHT - HOUR, MIDNIGHT - HOUR, at_ms, columns))


def of_energy(biri, record, tmp_path, hours, **known):
    """Ten hours at 30 kW, the third at 60 kW, bought at 1 NOK spot; the counter is read every ten minutes."""
    reading, values = 1000.0, []
    for n in range(int(hours * 6) + 1):
        values.append(reading)
        reading += (60.0 if 12 <= n < 18 else 30.0) / 6
    fill(record, "main.import_kwh", values)
    fill(record, "main.export_kwh", [5.0] * len(values))
    prices(record, 1.0)
    now = MIDNIGHT + hours * HOUR
    return energy_view(biri, Metered(biri, tmp_path / "record.sqlite"), now, Known(**known))


def test_a_days_bill_is_what_the_counter_gained_at_the_price_of_each_hour(biri, record, tmp_path):
    found = of_energy(biri, record, tmp_path, 10)
    adders = adders_at(biri.tariff, MIDNIGHT)
    assert found.today.bought_kwh == pytest.approx(330.0)
    assert found.today.spot_nok == pytest.approx(330.0)
    assert found.today.tax_nok == pytest.approx(330.0 * adders.tax)
    assert found.today.total_nok == pytest.approx(
        sum((found.today.spot_nok, found.today.supplier_nok, found.today.grid_nok, found.today.tax_nok))
    )
    assert found.today.peak_nok is None
    assert found.today.known_share == 1.0


def test_the_month_owes_its_peak_and_says_what_is_not_known(biri, record, tmp_path):
    found = of_energy(biri, record, tmp_path, 10)
    assert found.month.peak_nok == pytest.approx(60.0 * found.peak.nok_per_kw)
    assert found.month.known_share < 0.2
    assert [day.bought_kwh for day in found.days[:-1]] == [None] * 4
    assert found.days[-1].highest_kw == pytest.approx(60.0)
    assert found.peak.highest[0].start == MIDNIGHT + 2 * HOUR


def test_the_running_hour_is_no_peak_yet_but_is_reckoned_on(biri, record, tmp_path):
    found = of_energy(biri, record, tmp_path, 2.5, power_kw=70.0)
    assert found.peak.hour_kwh == pytest.approx(30.0)
    assert found.peak.hour_expected_kw == pytest.approx(30.0 + 35.0)
    assert found.peak.highest[0].kw == pytest.approx(30.0)
    assert [hour.bought_kwh is None for hour in found.hours] == [False] * 3 + [True] * 21


def test_a_site_whose_connection_counts_nothing_has_no_bill(biri, record, tmp_path):
    bare = biri.model_copy(update={"meters": tuple(m for m in biri.meters if m.id != "main")})
    assert energy_view(bare, Metered(bare, tmp_path / "record.sqlite"), MIDNIGHT, Known()) is None


def test_days_that_have_ended_are_not_asked_for_again(biri, record, tmp_path, monkeypatch):
    fill(record, "main.import_kwh", [100.0 + n for n in range(200)])
    metered = Metered(biri, tmp_path / "record.sqlite")
    now = MIDNIGHT + 30 * HOUR
    metered.days(date(2026, 3, 5), now)
    asked = []
    gained = History.gained
    monkeypatch.setattr(History, "gained", lambda *given: asked.append(given) or gained(*given))
    assert len(metered.days(date(2026, 3, 5), now + MINUTE)) == 2
    assert len(asked) == 1


def night(saved, uncertainty):
    told = Text(nb="x", en="x")
    return Account(MIDNIGHT, MIDNIGHT + 8 * HOUR, None, 100.0, 90.0, None, None, saved, uncertainty, told, (), ())


def test_savings_add_up_with_their_uncertainties_and_leave_out_unknown_nights():
    found = savings([night(10.0, 4.0), night(None, None), night(-3.0, 2.0)])
    assert (found.counted, found.saved_nok, found.uncertainty_nok) == (2, 7.0, 6.0)
    assert [one.saved_nok for one in found.nights] == [-3.0, None, 10.0]
    assert savings([night(10.0, None)]).uncertainty_nok is None
    assert savings([]).saved_nok is None


def test_minutes_are_counted_below_limits_and_unknown_ones_by_themselves():
    found = counted(np.array([61.0, 59.9, 54.0, np.nan]), 60.0, 55.0)
    assert (found.below, found.critical, found.unknown, found.known) == (2.0, 1.0, 1.0, 3.0)


def of_water(biri, record, tmp_path, duty, now=MIDNIGHT + 3 * HOUR):
    for sensor in watched(biri):
        degc = [sensor.limit_degc + 2.0] * 180
        if sensor.point == "loop_d.return_temp_degc":
            degc[60:72] = [58.0] * 12
        fill(record, sensor.point, degc, step=MINUTE)
    history = History(tmp_path / "record.sqlite")
    values = {sensor.point: 66.0 for sensor in watched(biri)}
    return water_view(biri, history, Kept(biri, history), now, values, duty, None)


def test_water_tells_where_the_duty_stands(biri, record, tmp_path):
    now = MIDNIGHT + 3 * HOUR
    proof = Proof(now - 2 * HOUR, now - HOUR, 60.0, 60.0, 61.0)
    duty = HygieneState(now + 24 * HOUR, proof, (Holding(60.0, now - 20 * MINUTE, 60.5),))
    found = of_water(biri, record, tmp_path, duty)
    assert found.duty.left_h == pytest.approx(24.0)
    assert [pair.held_minutes for pair in found.duty.pairs] == [pytest.approx(20.0), None]
    assert found.duty.proven.coldest_degc == 61.0
    assert found.duty.coldest_degc == 66.0


@pytest.mark.parametrize(("ago", "still_on"), [(0 * MINUTE, True), (2 * MINUTE, True), (3 * MINUTE, False)])
def test_a_proof_whose_end_is_now_is_still_going_on(biri, record, tmp_path, ago, still_on):
    now = MIDNIGHT + 3 * HOUR
    duty = HygieneState(now + 24 * HOUR, Proof(now - 2 * HOUR, now - ago, 60.0, 60.0, 61.0))
    assert of_water(biri, record, tmp_path, duty).duty.proven.still_on is still_on


def test_water_counts_minutes_below_the_limit_of_each_sensor(biri, record, tmp_path):
    found = {sensor.point: sensor for sensor in of_water(biri, record, tmp_path, None).sensors}
    loop = found["loop_d.return_temp_degc"]
    assert loop.below_min[-1] == 12.0
    assert loop.below_min[0] is None
    assert loop.lowest_degc == 58.0
    assert found["loop_a.return_temp_degc"].below_min[-1] == 0.0
    assert found["hot_water.supply_temp_degc"].limit_degc == 65.0


def test_the_log_of_cycles_holds_cycles_alone_newest_first(biri, record, tmp_path):
    facts = {"degc": 60.0, "minutes": 31.0, "coldest_degc": 60.2}
    events = [
        Event(MIDNIGHT, EventKind.CONTROL, "rules", "", {"code": Code.CYCLE_STARTED.value, "left_h": 12.0}),
        Event(MIDNIGHT + HOUR, EventKind.CONTROL, "night", "", {"code": Code.NIGHT_MADE.value}),
        Event(MIDNIGHT + 2 * HOUR, EventKind.CONTROL, "rules", "", {"code": Code.CYCLE_PROVEN.value, **facts}),
    ]
    record.append_tick([], [], events, {})
    log = of_water(biri, record, tmp_path, None).log
    assert [one.code for one in log] == [Code.CYCLE_PROVEN, Code.CYCLE_STARTED]
    assert log[0].text.nb == "Varmesyklus bevist: 31 minutter over 60 °C, kaldest 60,2 °C."


def test_an_answer_is_given_again_while_it_is_fresh_and_for_the_same_question():
    wall = [0.0]
    answer, made = Answer(lambda: wall[0]), []

    def ask(key):
        return answer.get(key, lambda: made.append(key) or len(made))

    assert [ask("a"), ask("a"), ask("b")] == [1, 1, 2]
    wall[0] = FRESH_S
    assert ask("b") == 3


class Paper(SimpleNamespace):
    """As much of a system as money needs."""

    site_now = System.site_now


async def test_money_is_reckoned_with_the_tariff_that_people_have_chosen(biri, record, tmp_path):
    fill(record, "main.import_kwh", [1000.0 + 5.0 * n for n in range(61)])
    fill(record, "main.export_kwh", [5.0] * 61)
    prices(record, 1.0)
    terms = biri.tariff.supplier[-1]
    dear = terms.model_copy(update={"markup_nok_per_kwh": terms.markup_nok_per_kwh + 1.0})
    other = biri.tariff.model_copy(update={"supplier": (dear,)})
    site = biri.model_copy(update={"tariff_choices": {"dearer": other}})
    clock = SimpleNamespace(now=lambda: MIDNIGHT + 10 * HOUR)
    system = Paper(site=site, clock=clock, book=SimpleNamespace(current=NONE), max_age={}, planner=None, prices=None)
    system.picture, system.nights, system.weather = unread(site.points), None, None
    insight = SiteInsight(system, tmp_path / "record.sqlite", None, None, lambda: 0.0)
    before = (await insight.energy()).today
    order = Order("kari", MIDNIGHT, "new contract", None)
    system.book.current = replace(system.book.current, tariff=TariffChoice("dearer", order))
    after = (await insight.energy()).today
    assert before.bought_kwh > 100
    assert after.supplier_nok - before.supplier_nok == pytest.approx(before.bought_kwh)
    assert after.spot_nok == before.spot_nok
