"""The operators' desk on a running system of paper devices: taking over, giving back, modes, settings, restarts."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bems import system as system_module
from bems.desk.operators import Desk
from bems.history.errors import RecordError
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.order_book import ORDERS_KEY
from dashboards.ports.desk import Person, Refused
from models.priority import Level
from models.reasons import Code
from models.site import load_site
from tests.bems import test_system
from tests.bems.test_system import START, TICK_S, Bench, running

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
KARI = Person("kari")
NURSE = Person("nurse", rooms_only=True)
ROOM = next(room for zone in SITE.zones for room in zone.rooms)
SETPOINT = SITE.point(ROOM, "setpoint_degc")
CIRCUIT = SITE.point(SITE.circuits[0], "supply_setpoint_degc")
PUMP = "hot_water.circulation_pump_on"
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(system_module, "TICK_S", TICK_S)
    monkeypatch.setattr(test_system, "SITE", SITE)  # the bench's own has no residents
    monkeypatch.setattr(test_system, "SPEED", 600.0)
    return tmp_path / "record.sqlite"


@pytest.fixture
async def bench(path):
    with Record.open(path, busy_timeout_s=0.05) as record:
        yield Desks(path, record)


class Desks(Bench):
    """A bench on a machine that has other things to do."""

    async def until(self, condition, within_s=60.0):
        await super().until(condition, within_s)


def slots(bench, point):
    """What the device holds by priority, after all that was written to it."""
    found = {}
    for write in bench.writes:
        if write.point == point and write.value is None:
            found.pop(write.priority, None)
        elif write.point == point:
            found[write.priority] = write.value
    return found


def shown(bench, point):
    """What wins in the device; None: its own."""
    found = slots(bench, point)
    return found[min(found)] if found else None


def held(bench, point):
    return bench.system.outputs.held(bench.clock.now()).get(point, (None,))[0]


def audits(bench):
    return [(e.data["what"], e.subject) for e in bench.events(EventKind.AUDIT)]


async def test_a_point_that_is_taken_over_is_written_at_once_and_given_back_by_itself(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await bench.until(lambda: held(bench, SETPOINT) is not None)
        before = held(bench, SETPOINT).value
        view = await desk.take(SETPOINT, 23.0, 15, "fryser", KARI)
        assert (view.given, view.verdict, view.order.who, view.order.why) == (23.0, None, "kari", "fryser")
        await bench.until(lambda: slots(bench, SETPOINT) == {8: 23.0})
        command = held(bench, SETPOINT)
        assert (command.source, command.reason.code) == ("operator", Code.OPERATOR_HOLD)
        assert command.reason.facts["who"] == "kari"
        assert abs(command.expires_at - view.order.until) < timedelta(seconds=1)
        await bench.until(lambda: not desk.taken())
        await bench.until(lambda: slots(bench, SETPOINT) == {12: before})
        assert held(bench, SETPOINT).source == "rules"
        assert held(bench, SETPOINT).value == before
        assert bench.clock.now() >= view.order.until
    assert audits(bench) == [("taken", SETPOINT), ("taken_ended", SETPOINT)]


async def test_one_button_gives_all_back_and_each_is_told(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await desk.take(SETPOINT, 23.0, 600, "test", KARI)
        await desk.take(CIRCUIT, 30.0, 600, "test", KARI)
        assert {view.point for view in desk.taken()} == {SETPOINT, CIRCUIT}
        await bench.until(
            lambda: {held(bench, p) and held(bench, p).source for p in (SETPOINT, CIRCUIT)} == {"operator"}
        )
        assert set(await desk.give_back(None, KARI)) == {SETPOINT, CIRCUIT}
        await bench.until(lambda: {held(bench, p) and held(bench, p).source for p in (SETPOINT, CIRCUIT)} == {"rules"})
        assert await desk.give_back(None, KARI) == []
        await bench.until(lambda: bench.system.book.touched == frozenset())
    assert audits(bench)[2:] == [("given_back", SETPOINT), ("given_back", CIRCUIT)]


async def test_the_guard_bounds_what_people_want_now_and_later(bench):
    desk = Desk(bench.system)
    async with running(bench):
        view = await desk.take(SETPOINT, 26.0, 600, "varmt", KARI)
        assert (view.given, view.verdict.code) == (24.0, Code.GUARD_RESIDENT)
        pump = SITE.point(SITE.circuits[0], "pump_on")
        bench.plant.shown |= {p: 12.0 for p in SITE.points if p.endswith(".outdoor_temp_degc")}
        await bench.until(lambda: desk.preview(pump, 0.0, 600, KARI).given == 0.0)
        assert (await desk.take(pump, 0.0, 600, "lufting", KARI)).given == 0.0
        await bench.until(lambda: shown(bench, pump) == 0.0)
        bench.plant.shown |= {p: -5.0 for p in SITE.points if p.endswith(".outdoor_temp_degc")}
        await bench.until(lambda: shown(bench, pump) == 1.0)  # frost: whoever holds it
        view = next(v for v in desk.taken() if v.point == pump)
        assert (view.given, view.verdict.code) == (1.0, Code.GUARD_FROST)
        assert held(bench, pump).reason.code == Code.GUARD_FROST


async def test_nobody_beats_what_the_guard_holds_by_itself(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await bench.until(lambda: held(bench, PUMP) is not None)
        preview = desk.preview(PUMP, 0.0, 60, KARI)
        assert (preview.given, preview.verdict.code) == (1.0, Code.GUARD_CIRCULATION)
        assert preview.safety.priority == Level.CRITICAL
        await desk.take(PUMP, 0.0, 60, "stille", KARI)
        await bench.ticks(5)
        assert held(bench, PUMP).value == 1.0
        assert held(bench, PUMP).priority == Level.CRITICAL


async def test_a_take_over_survives_the_restart_and_still_ends(bench, path, monkeypatch):
    async with running(bench):
        view = await Desk(bench.system).take(SETPOINT, 23.5, 1440, "natt", KARI)
        await bench.until(lambda: shown(bench, SETPOINT) == 23.5)
    assert slots(bench, SETPOINT) == {}
    monkeypatch.setattr(test_system, "START", bench.clock.now())
    again = Desks(path, bench.record)
    async with running(again):
        desk = Desk(again.system)
        assert [(v.point, v.value, v.order) for v in desk.taken()] == [(SETPOINT, 23.5, view.order)]
        await again.until(lambda: slots(again, SETPOINT) == {8: 23.5})


async def test_what_ended_while_nobody_ran_is_taken_out_of_the_device_and_told(bench, path, monkeypatch):
    async with running(bench):
        await Desk(bench.system).take(SETPOINT, 23.5, 60, "natt", KARI)
        await bench.until(lambda: shown(bench, SETPOINT) == 23.5)
        stored = bench.record.load_state(ORDERS_KEY)
    bench.record.save_state(ORDERS_KEY, stored)  # as after a power cut: nothing was given back
    monkeypatch.setattr(test_system, "START", START + timedelta(days=2))
    late = Desks(path, bench.record)
    async with running(late):
        await late.until(lambda: any(w[:] == (SETPOINT, None, int(Level.OPERATOR)) for w in late.writes))
        await late.until(lambda: late.system.book.touched == frozenset())
    assert audits(late)[-1] == ("taken_ended", SETPOINT)


async def test_orders_that_cannot_be_read_are_left_behind_with_a_warning(path, caplog):
    with Record.open(path) as record:
        record.save_state(ORDERS_KEY, {"orders": "nonsense", "touched": [SETPOINT]})
        bench = Desks(path, record)
        assert not bench.system.book.current.taken
        assert "people's orders are lost" in caplog.text
        async with running(bench):
            await bench.until(lambda: any(w[:] == (SETPOINT, None, int(Level.OPERATOR)) for w in bench.writes))


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
async def test_a_record_in_trouble_does_not_keep_people_from_their_plant(bench, monkeypatch, caplog, trouble):
    import bems.order_book

    monkeypatch.setattr(bems.order_book, "KEEP_WITHIN_S", 0.05)
    free = asyncio.Event()
    loop = asyncio.get_running_loop()

    def save(*_):
        if trouble == "refuses":
            raise RecordError("the disk is full")
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result(5)

    async with running(bench):
        monkeypatch.setattr(bench.record, "save_state", save)
        await Desk(bench.system).take(SETPOINT, 23.0, 600, "natt", KARI)
        await bench.until(lambda: shown(bench, SETPOINT) == 23.0)
        assert "an order counts although" in caplog.text
        await bench.until(lambda: SETPOINT in str(bench.record.load_state(ORDERS_KEY)))  # with the ticks
        free.set()
        await asyncio.sleep(0.01)


async def test_the_preview_says_whom_it_displaces_and_what_it_wears(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await bench.until(lambda: held(bench, CIRCUIT) is not None)
        before = held(bench, CIRCUIT)
        view = desk.preview(CIRCUIT, 58.0, 120, KARI)
        assert view.given == SITE.circuits[0].max_supply_degc
        assert view.verdict.code == Code.GUARD_CIRCUIT_LIMIT
        assert [(d.source, d.value) for d in view.displaced] == [("rules", before.value)]
        assert (view.now, view.cost.basis, view.cost.nok) == (before.value, "unknown", None)
        assert view.writes_today >= 1
        same = desk.preview(CIRCUIT, before.value, 120, KARI)
        assert (same.cost.nok, same.cost.basis) == (0.0, "none")


@pytest.mark.parametrize(
    ("point", "value", "minutes", "why", "key"),
    [
        ("weather.outdoor_temp_degc", 1.0, 60, "test", "not_writable"),
        (SETPOINT, 99.0, 60, "test", "outside_range"),
        (SETPOINT, float("nan"), 60, "test", "outside_range"),
        (SETPOINT, 22.0, 14, "test", "duration"),
        (SETPOINT, 22.0, 1441, "test", "duration"),
        (SETPOINT, 22.0, 60, " . ", "no_reason"),
    ],
)
async def test_what_nobody_could_hold_is_refused(bench, point, value, minutes, why, key):
    with pytest.raises(Refused) as refused:
        await Desk(bench.system).take(point, value, minutes, why, KARI)
    assert refused.value.key == key
    assert not bench.system.book.current.taken


async def test_care_staff_sets_rooms_and_nothing_else(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await desk.take(SETPOINT, 23.0, 600, "fryser", NURSE)
        await desk.take(CIRCUIT, 30.0, 600, "test", KARI)
        for act in (
            desk.take(CIRCUIT, 30.0, 60, "test", NURSE),
            desk.give_back([CIRCUIT], NURSE),
            desk.set_mode("manual", bench.clock.now() + HOUR, "test", NURSE),
            desk.choose_tariff("", NURSE),
            desk.add_holiday(datetime(2026, 2, 1), datetime(2026, 2, 2), [], "", NURSE),  # noqa: DTZ001
        ):
            with pytest.raises(Refused) as refused:
                await act
            assert refused.value.key == "rooms_only"
        assert await desk.give_back(None, NURSE) == [SETPOINT]
        assert [v.point for v in desk.taken()] == [CIRCUIT]


async def test_by_hand_the_rules_let_go_but_hygiene_and_people_do_not(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await desk.take(CIRCUIT, 31.0, 1440, "selv", KARI)
        view = await desk.set_mode("manual", bench.clock.now() + 20 * HOUR, "service", KARI)
        assert (view.mode, view.order.who) == ("manual", "kari")
        assert bench.view.decides().code == Code.DECIDES_MANUAL
        await bench.until(lambda: held(bench, SETPOINT) is None)
        assert held(bench, CIRCUIT).value == 31.0
        assert held(bench, PUMP).priority == Level.CRITICAL
        assert {
            command.source for command in (c for c, _ in bench.system.outputs.held(bench.clock.now()).values())
        } <= {
            "guard",
            "operator",
        }
        await desk.set_mode("normal", None, "", KARI)
        await bench.until(lambda: held(bench, SETPOINT) is not None)
    assert [what for what, _ in audits(bench)] == ["taken", "mode_manual", "mode_normal"]


async def test_a_mode_ends_by_itself_and_is_never_for_ever(bench):
    desk = Desk(bench.system)
    async with running(bench):
        for until in (None, bench.clock.now() + timedelta(days=2), bench.clock.now() - HOUR):
            with pytest.raises(Refused) as refused:
                await desk.set_mode("manual", until, "test", KARI)
            assert refused.value.key == "mode_end"
        await desk.set_mode("manual", bench.clock.now() + HOUR / 3, "test", KARI)
        await bench.until(lambda: desk.mode().mode == "normal")
        await bench.until(lambda: held(bench, SETPOINT) is not None)
    assert audits(bench)[-1] == ("mode_manual_ended", "mode")


async def test_a_room_gets_its_new_set_point_without_a_restart_and_its_old_one_back(bench):
    desk = Desk(bench.system)
    async with running(bench):
        view = await desk.set_comfort(ROOM.id, 23.5, None, None, "fryser", NURSE)
        assert (view.degc, view.file_degc, view.order.who) == (23.5, ROOM.setpoint_degc, "nurse")
        await bench.until(lambda: held(bench, SETPOINT) and held(bench, SETPOINT).value == 23.5)
        assert held(bench, SETPOINT).source == "rules"
        await desk.set_comfort(ROOM.id, None, None, None, "", NURSE)
        await bench.until(lambda: held(bench, SETPOINT).value == ROOM.setpoint_degc)
        with pytest.raises(Refused):
            await desk.set_comfort(ROOM.id, 19.0, None, None, "", NURSE)
        with pytest.raises(KeyError):
            await desk.set_comfort("nowhere", 21.0, None, None, "", NURSE)
    assert audits(bench) == [("comfort", ROOM.id)] * 2


async def test_what_the_optimiser_may_do_is_changed_told_and_kept_over_a_restart(path):
    with Record.open(path) as record:
        bench = Desks(path, record)
        desk = Desk(bench.system)
        async with running(bench):
            for assets, zones, why, who, key in (
                (["batteries"], [], "test", KARI, "not_to_promote"),
                (["cars"], ["attic"], "test", KARI, "not_to_promote"),
                (["cars"], [], " ", KARI, "no_reason"),
                (["cars"], [], "test", NURSE, "rooms_only"),
            ):
                with pytest.raises(Refused) as refused:
                    await desk.promote("on", "good", assets, zones, why, who)
                assert refused.value.key == key
            with pytest.raises(Refused):
                await desk.give_promotion_back(NURSE)
            view = await desk.promote("shadow", "naive", ["air", "hot_water", "cars"], ["cafe"], "stille uke", KARI)
            assert (view.optimiser, list(view.zones_by_rules), view.order.who) == ("shadow", ["cafe"], "kari")
            assert list(view.promoted) == ["hot_water", "cars", "air"]
            assert desk.site.control.in_force == ()
            await bench.ticks(2)
        told = audits(bench)
    assert told == [
        ("optimiser_shadow", "optimiser"),
        ("rules_naive", "rules"),
        ("asset_to_rules", "asset.heat_pumps"),
        ("asset_to_rules", "asset.rooms"),
        ("zone_to_rules", "cafe"),
    ]
    with Record.open(path) as record:
        again = Desks(path, record)
        desk = Desk(again.system)
        assert desk.promotion() == view
        async with running(again):
            assert (await desk.give_promotion_back(KARI)).order is None
            assert await desk.give_promotion_back(KARI) == desk.promotion()
            await again.ticks(2)
        assert desk.site.control == SITE.control
        assert sorted(audits(again)) == sorted([*told, ("promotion_of_file", "optimiser")])


async def test_naive_rules_are_chosen_on_the_running_system_and_guard_and_hygiene_stay(bench):
    desk, car = Desk(bench.system), "charger_3.max_current_a"
    bench.plant.shown["charger_3.mode3_state"] = 2.0

    def why():
        return held(bench, car) and held(bench, car).reason.code

    async with running(bench):
        await bench.until(lambda: why() == Code.CARS_WAIT)
        await desk.promote("shadow", "naive", ["cars"], [], "til sammenligning", KARI)
        await bench.until(lambda: why() == Code.CARS_SHARE)
        assert bench.view.decides().code == Code.DECIDES_NAIVE
        bench.plant.shown["hot_water.supply_temp_degc"] = 58.0
        await bench.until(lambda: slots(bench, "hot_water.stage_request").get(Level.CRITICAL) == 3.0)
        await desk.promote("shadow", "good", ["cars"], [], "ferdig", KARI)
        await bench.until(lambda: why() == Code.CARS_WAIT)
        assert bench.view.decides().code == Code.DECIDES_RULES


async def test_a_holiday_is_kept_until_it_has_passed(bench):
    desk = Desk(bench.system)
    start, until = datetime(2026, 1, 16), datetime(2026, 1, 17)  # noqa: DTZ001
    async with running(bench):
        zone = next(z.id for z in SITE.zones if not z.rooms)
        view = await desk.add_holiday(start, until, [zone], "planleggingsdag", KARI)
        assert [h.id for h in desk.holidays()] == [view.id]
        assert desk.site.closures(next(z for z in SITE.zones if z.id == zone))
        for zones in ([ROOM.id], ["nowhere"], [z.id for z in SITE.zones if z.rooms]):
            with pytest.raises(Refused) as refused:
                await desk.add_holiday(start, until, zones, "", KARI)
            assert refused.value.key == "not_to_close"
        with pytest.raises(Refused):
            await desk.add_holiday(until, start, [], "", KARI)
        await desk.drop_holiday(view.id, KARI)
        assert not desk.holidays()
        with pytest.raises(KeyError):
            await desk.drop_holiday(view.id, KARI)


async def test_devices_tell_how_they_are_and_who_holds_what(bench):
    desk = Desk(bench.system)
    async with running(bench):
        await bench.ticks(3)
        await desk.take(SETPOINT, 23.0, 600, "fryser", KARI)
        await bench.until(lambda: shown(bench, SETPOINT) == 23.0)
        views = {view.id: view for view in desk.devices()}
        assert list(views) == [device.id for device in SITE.devices]
        room = views[SETPOINT.partition(".")[0]]
        assert room.state == "ok"
        assert room.good == room.points
        row = next(w for w in room.writable if w.point == SETPOINT)
        assert row.held_by == "operator@8"
        assert 1 <= row.writes_today <= row.daily_budget
        failing = next(key for key, (_, d) in bench.drivers.items() if SETPOINT in d.points)
        from drivers.errors import Unreachable

        bench.drivers[failing][1].fault = Unreachable("gone")
        await bench.until(lambda: {v.id: v for v in desk.devices()}[room.id].state == "down")
