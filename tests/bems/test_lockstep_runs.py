"""The lockstep runner itself, with a plant of one tank."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.lockstep import run
from control.rules.decision import Decision
from control.rules.memory import RuleMemory
from control.wish import Wish
from models.reasons import Code, because
from models.site import load_site

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
STAGE = "boiler.stage_request"
TOP = "buffer.layer_1_temp_degc"


@pytest.fixture(scope="module")
def biri():
    return load_site(Path(__file__).parents[2] / "site.biri.toml")


class OneTank:
    """A kelvin a minute for every boiler stage; remembers what it was told."""

    def __init__(self):
        self.told = []

    def reset(self, start, seed):
        self.stages, self.degc = 0.0, 30.0
        return self._seen()

    def step(self, commands, dt_s):
        self.told.append(dict(commands))
        self.stages = commands.get(STAGE, self.stages) or 0.0
        self.degc += self.stages * dt_s / 60
        return self._seen()

    def _seen(self):
        return {TOP: round(self.degc), "boiler.fault": None, "nobody.temp_degc": 1.0}


class HonestTank(OneTank):
    def truth(self):
        return {TOP: self.degc + 0.25}


def two_stages_for(minutes):
    """A controller that wants two stages for so long, then nothing at all."""

    def decide(site, picture, now, memory, max_age_s):
        wanted = now < START + timedelta(minutes=minutes)
        why = because(Code.STAGES_NO_HEAT)
        wishes = (Wish(STAGE, 2.0, why, (TOP,)),) if wanted else ()
        return Decision(wishes, memory, (why,) if now == START else ())

    return decide


def test_commands_reach_the_plant_once_and_expire_when_nobody_renews_them(biri):
    plant = OneTank()
    result = run(biri, plant, START, 0.5, controller=two_stages_for(10))
    told = [commands[STAGE] for commands in plant.told if STAGE in commands]
    assert told == [2.0, None]
    assert [command.value for _, command in result.commands if command.point == STAGE] == [2.0]
    assert result.column(TOP)[-1] == 30 + 2 * 14
    assert result.ledger.held(STAGE) == 0.0


def test_exact_values_are_kept_where_the_plant_tells_them(biri):
    assert run(biri, OneTank(), START, 0.1, controller=two_stages_for(0)).column(TOP)[0] == 30.0
    assert run(biri, HonestTank(), START, 0.1, controller=two_stages_for(0)).column(TOP)[0] == 30.25


def test_what_the_plant_does_not_say_is_not_a_number(biri):
    result = run(biri, OneTank(), START, 0.1, controller=two_stages_for(0), keep=[TOP, "boiler.fault"])
    assert result.points == (TOP, "boiler.fault")
    assert np.isnan(result.column("boiler.fault")).all()


def test_things_happen_at_their_hour_and_progress_is_told(biri):
    happened, shares = [], []
    plant = OneTank()
    run(
        biri,
        plant,
        START,
        0.5,
        controller=two_stages_for(0),
        actions=[(0.25, lambda: happened.append(len(plant.told)))],
        on_step=shares.append,
    )
    assert happened == [15]
    assert shares[-1] == 1.0
    assert len(shares) == 30


def test_events_and_holds_are_kept_with_the_run(biri):
    def blind(site, picture, now, memory, max_age_s):
        return Decision((Wish(STAGE, 1.0, because(Code.STAGES_NO_HEAT), ("boiler.fault",)),), memory, ())

    result = run(biri, OneTank(), START, 0.1, controller=blind)
    assert result.holds == {STAGE: 6}
    started = run(biri, OneTank(), START, 0.1, controller=two_stages_for(0))
    assert [at for at, _ in started.codes(Code.STAGES_NO_HEAT)] == [START]


def test_memory_and_ledger_go_in_and_come_out(biri):
    first = run(biri, OneTank(), START, 0.1)
    assert first.memory.decided_at == START + timedelta(minutes=5)
    again = run(biri, OneTank(), START + timedelta(hours=1), 0.1, memory=first.memory, ledger=first.ledger)
    assert again.memory.hygiene.due_at == first.memory.hygiene.due_at
    assert RuleMemory.from_json(again.memory.to_json()).decided_at == again.memory.decided_at
