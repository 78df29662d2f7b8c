"""The machine as it stands in the plant: against its certificate, and its own protection."""

import pytest

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.heat_pumps import DESIGN_RISE_K, RESTART_BLOCK_S, Machine
from hil_sim.vessels import LAYERS, Vessel


class Stand:
    """One machine on a tank whose temperature the test decides."""

    def __init__(self, site, seed=1):
        self.board = Board(site)
        self.machine = Machine(site.heat_pumps[0], self.board, Deviations(seed))
        self.buffer = Vessel(3.0, 0.0, 90.0, ())
        self.tank = Vessel(2.0, 0.0, 65.0, ())
        self.command(stage_request=2.0, supply_setpoint_degc=60.0)

    def command(self, **values):
        self.board.apply({f"hp1_io.{name}": value for name, value in values.items()})

    def run(self, minutes, return_degc, *, brine_degc=0.0, tank_degc=40.0):
        for _ in range(minutes):
            self.buffer.temps = [return_degc] * LAYERS
            self.tank.temps = [tank_degc] * LAYERS
            duty = self.machine.step(60.0, brine_degc, -5.0, self.buffer, self.tank, 52.0)
        return duty


@pytest.fixture
def stand(biri):
    return Stand(biri)


@pytest.mark.parametrize("seed", range(5))
def test_it_keeps_within_three_per_cent_of_its_certificate(biri, seed):
    for point in biri.heat_pumps[0].certified:
        stand = Stand(biri, seed)
        stand.command(stage_request=float(point.compressors))
        back = point.supply_degc - DESIGN_RISE_K
        for _ in range(3):  # the return that belongs to the certified supply
            duty = stand.run(20, back)
            back += point.supply_degc - stand.machine.supply_degc
        assert stand.machine.supply_degc == pytest.approx(point.supply_degc, abs=0.1)
        assert duty.heat_w / 1000 == pytest.approx(point.heat_kw, rel=0.03), point
        assert duty.heat_w / 1000 / duty.power_kw == pytest.approx(point.heat_kw / point.power_kw, rel=0.03), point


def test_heat_comes_later_than_power(stand):
    first = stand.run(1, 30.0)
    later = stand.run(15, 30.0)
    assert first.heat_w < 0.6 * later.heat_w / 2
    assert first.power_kw > 0.8 * later.power_kw / 2


def test_the_second_compressor_follows_the_first(stand):
    stand.run(1, 30.0)
    assert stand.machine.compressors == 1
    stand.run(2, 30.0)
    assert stand.machine.compressors == 2


def test_it_rests_before_it_starts_again(stand):
    stand.run(5, 30.0)
    stand.command(stage_request=0.0)
    stand.run(1, 30.0)
    stand.command(stage_request=2.0)
    assert stand.run(int(RESTART_BLOCK_S / 60) - 1, 30.0).heat_w == 0
    assert stand.run(2, 30.0).heat_w > 0


def test_a_return_too_warm_opens_the_safety_chain_until_it_has_cooled(stand):
    stand.command(supply_setpoint_degc=65.0)
    stand.run(10, 59.0)
    stand.machine.publish(-5.0, 0.0, 52.0, stand.buffer, stand.tank)
    assert stand.machine.compressors == 0
    assert stand.board.named()["hp1_io.release_ok"] == 0
    stand.run(10, 40.0)
    stand.machine.publish(-5.0, 0.0, 52.0, stand.buffer, stand.tank)
    assert stand.machine.compressors == 2
    assert stand.board.named()["hp1_io.release_ok"] == 1


def test_its_thermostat_stops_it_above_its_set_point(stand):
    stand.command(supply_setpoint_degc=35.0)
    assert stand.run(10, 25.0).heat_w > 0
    assert stand.run(10, 38.0).heat_w == 0


def test_given_back_it_holds_the_buffer_on_its_own(stand):
    stand.command(stage_request=None, supply_setpoint_degc=None)
    assert stand.run(10, 28.0).heat_w > 0
    assert stand.run(10, 36.0).heat_w == 0


def test_the_diverting_valve_sends_all_heat_to_the_tap_water_tank(stand):
    stand.command(hot_water_duty=1.0)
    stand.run(10, 30.0, tank_degc=42.0)
    assert stand.machine.charging
    assert stand.machine.return_degc == 42.0
    before = stand.tank.gained_j, stand.buffer.gained_j
    stand.run(1, 30.0, tank_degc=42.0)
    stand.buffer.advance(60.0, 20.0)
    stand.tank.advance(60.0, 20.0)
    assert stand.tank.gained_j > before[0]
    assert stand.buffer.gained_j == before[1]
