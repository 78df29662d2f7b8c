"""The nightly lesson: when it is due, what it reads, what of it is taken into use, and what goes wrong with it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.history.record import Record
from bems.history.rows import KnownForecast
from bems.learning.live import LEARNED_KEY, Learning
from bems.learning.quarters import known_prices, quarters
from bems.learning.store import ModelStore
from bems.learning.work import Night, study
from bems.planning.live import Planner
from bems.worker import WorkLost
from control.habits.known import profile
from control.refit.fitted import NEUTRAL
from control.refit.model import PartResult, Refit, Verdict
from control.slots import KINDS, PER_DAY
from models.signals import Quality, Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
DAY = datetime(2026, 1, 14, tzinfo=UTC)
NIGHT = datetime(2026, 1, 15, 2, 30, tzinfo=UTC)
"""Half past three in Oslo."""
THERE = profile(np.full((KINDS, PER_DAY), 7.0), np.ones((KINDS, PER_DAY)))
"""People."""
BETTER = NEUTRAL.with_part("buffer", {"loss": 1.4})


class Here:
    def __init__(self):
        self.error = None

    async def call(self, function, *arguments, timeout_s):
        if self.error:
            raise self.error
        return function(*arguments)

    async def end(self):
        pass


class Run:
    def __init__(self, folder, outcome=None):
        self.path = folder / "record.sqlite"
        self.record = Record.open(self.path)
        self.worker, self.events = Here(), []
        self.planner = Planner(SITE, lambda: NIGHT, worker=Here())
        self.lessons = Learning(
            SITE, self.planner, self.record, self.path, lambda: NIGHT, worker=self.worker, study=outcome or study
        )
        self.lessons.note = self.events.append

    @property
    def codes(self):
        return [event.data["code"] for event in self.events]


@pytest.fixture
def begun(tmp_path):
    made = []

    def begin(outcome=None):
        made.append(Run(tmp_path, outcome))
        return made[-1]

    yield begin
    for run in made:
        run.record.close()


def night(accepted=True):
    """What a lesson may bring, without the work."""
    found = replace(BETTER, version=1, fitted_at=DAY) if accepted else NEUTRAL
    verdict = Verdict.IMPROVED if accepted else Verdict.NO_BETTER

    def studied(history, folder, site, now, learned, fitted):
        result = Refit(found, (PartResult("buffer", verdict, 0.4, 0.3, "K"),))
        habits = (PartResult("cold_water_k", verdict, 1.0, 0.5, "K"),)
        taught = {"cold_water_k": 1.5, "snow_cover": {"pv_east": 0.4}, "presence": {"cafe": THERE}}
        new = replace(learned, **taught) if accepted else learned
        return Night(12.0, new, habits, result, 1.5)

    return studied


@pytest.mark.parametrize(
    ("at", "due"),
    [(NIGHT, True), (NIGHT - timedelta(hours=1), False), (NIGHT + timedelta(hours=3), False)],
)
def test_it_is_due_in_the_small_hours(begun, at, due):
    assert begun().lessons.is_due(at) is due


async def test_what_is_better_is_kept_used_and_told_and_there_is_one_lesson_a_night(begun, tmp_path):
    run = begun(night())
    await run.lessons._learn(NIGHT)
    assert run.planner.learned.version == 1
    assert run.planner.fitted.parts == BETTER.parts
    assert ModelStore(tmp_path).in_use().parts == BETTER.parts
    before, after = run.planner._model.buffer.node.loss_kw_per_k, run.planner.plant.buffer.node.loss_kw_per_k
    assert after == pytest.approx(1.4 * before)
    assert run.planner.plant.presence == {"cafe": THERE}  # observer, outlook and programme are given this plant
    assert run.codes == ["lesson.done"]
    assert run.planner.nights[-1]["parts"][0]["verdict"] == "improved"
    assert not run.lessons.is_due(NIGHT)
    assert run.lessons.is_due(NIGHT + timedelta(days=1))
    run.record.close()
    again = begun()
    assert again.planner.learned.version == 1
    assert again.planner.plant.presence == {"cafe": THERE}
    assert len(again.planner.nights) == 1
    assert not again.lessons.is_due(NIGHT)
    await again.lessons._use_store()
    assert again.planner.fitted.parts == BETTER.parts
    assert again.planner.learned.cold_water_k == 1.5


async def test_what_is_no_better_changes_nothing(begun, tmp_path):
    run = begun(night(accepted=False))
    await run.lessons._learn(NIGHT)
    assert run.planner.fitted == NEUTRAL
    assert ModelStore(tmp_path).versions() == []


async def test_going_back_to_an_earlier_model_reaches_the_next_plan(begun, tmp_path):
    run = begun(night())
    await run.lessons._learn(NIGHT)
    await run.lessons._use_store()
    ModelStore(tmp_path).revert(0, NIGHT)
    await run.lessons._use_store()
    assert run.planner.fitted == NEUTRAL
    assert run.planner.plant == run.planner._model
    assert run.planner.learned.cold_water_k == 0.0
    assert run.planner.learned.snow_cover == {"pv_east": 0.4}  # a state, not a habit
    await run.lessons._learn(NIGHT + timedelta(days=1))
    assert run.planner.learned.cold_water_k == 1.5  # judged anew, and kept under a number of its own
    assert run.planner.learned.version == run.planner.fitted.version == 2


@pytest.mark.parametrize("error", [WorkLost("its process died"), OSError("disk"), RuntimeError("a bug")])
async def test_a_lesson_that_fails_is_told_and_stops_nothing(begun, error, caplog):
    run = begun(night())
    run.worker.error = error
    await run.lessons._learn(NIGHT)
    assert run.codes == ["lesson.lost"]
    assert "the nightly lesson came to nothing" in caplog.text
    assert run.planner.learned.version == 0
    assert not run.lessons.is_due(NIGHT)


def test_habits_that_cannot_be_read_are_left_behind(begun, caplog):
    run = begun()
    run.record.save_state(LEARNED_KEY, {"habits": "{}"})
    run.record.close()
    assert begun().planner.learned.version == 0
    assert "begin with the site file's habits" in caplog.text


def filled(record, day=DAY, days=1):
    """A day of the main meter every ten minutes, of a counter, and of somebody's presence."""
    for n in range(days * 144):
        at = day + timedelta(minutes=10 * n)
        values = {"main.power_kw": 50.0 + n % 2, "main.import_kwh": 1000.0 + n, "a1_air.occupied": 1.0}
        record.append_tick([Sample(p, at, v, Quality.GOOD) for p, v in values.items()])


def test_finished_days_are_made_once_and_personal_points_are_left_out(begun, tmp_path):
    run = begun()
    filled(run.record)
    folder = tmp_path / "quarters"
    record = quarters(run.path, folder, SITE, NIGHT, 28)
    assert (record.start, len(record), record.dt_s) == (DAY, 96, 900.0)
    power, counter = record.column("main.power_kw"), record.column("main.import_kwh")
    assert np.nanmean(power) == pytest.approx(50.5, abs=0.01)
    assert np.nanmax(counter) == 1143.0
    assert record.column("a1_air.occupied") is None
    assert record.column("hp1.supply_temp_degc") is None
    made = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert len(made) == 28
    again = quarters(run.path, folder, SITE, NIGHT + timedelta(days=1), 28)
    assert len(again) == 2 * 96
    assert {n: t for n, t in made.items() if (folder / n).exists()}.items() <= {
        file.name: file.stat().st_mtime_ns for file in folder.iterdir()
    }.items()
    assert not (folder / f"{date(2025, 12, 18)}.npz").exists()


def test_a_damaged_day_is_made_again(begun, tmp_path):
    run = begun()
    filled(run.record)
    folder = tmp_path / "quarters"
    quarters(run.path, folder, SITE, NIGHT, 2)
    (folder / "2026-01-14.npz").write_bytes(b"half a fi")
    assert quarters(run.path, folder, SITE, NIGHT, 2).column("main.power_kw") is not None


def test_nothing_recorded_is_nothing_learned(begun, tmp_path):
    run = begun()
    assert quarters(run.path, tmp_path / "quarters", SITE, NIGHT, 3) is None
    found = study(run.path, tmp_path / "quarters", SITE, NIGHT, run.planner.learned, NEUTRAL)
    assert (found.days, found.refit, found.learned) == (0.0, None, run.planner.learned)


def test_a_real_lesson_from_one_day_leaves_the_model_as_it_is(begun, tmp_path):
    run = begun()
    filled(run.record)
    found = study(run.path, tmp_path / "quarters", SITE, NIGHT, run.planner.learned, NEUTRAL)
    assert found.days == 1.0
    assert found.refit.fitted == NEUTRAL
    assert found.learned.base_load_kw == run.planner.learned.base_load_kw


def test_prices_of_the_past_days_are_read_as_they_were_known(begun):
    run = begun()
    for n in range(3):
        start = DAY + timedelta(days=n - 2)
        at_ms = int(start.timestamp() * 1000) + 3_600_000 * np.arange(24)
        known = {"price_nok_per_kwh": np.full(24, 1.0 + n)}
        run.record.put_forecast(KnownForecast("prices", start, start, at_ms, known))
    found = known_prices(run.path, NIGHT, 28)
    assert [found.at(DAY + timedelta(days=n - 2, hours=5)) for n in range(3)] == [1.0, 2.0, 3.0]


async def test_without_a_finished_day_the_night_says_nothing(begun):
    run = begun()
    await run.lessons._learn(NIGHT)
    assert run.events == []
    assert run.planner.nights == []
    assert not run.lessons.is_due(NIGHT)
