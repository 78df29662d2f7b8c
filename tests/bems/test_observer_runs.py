"""The observer beside the rules on the simulated plant, whose building is of another order than the observer's."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bems.backtest.lockstep import Lockstep
from control.observer import observe as observer
from control.picture import Scene
from control.plant_model import from_site
from control.predict import simulate_group
from control.rules.decision import decide
from control.strategy import GOOD
from hil_sim.plant import create
from models.site import load_site
from models.synthetic import synthetic_year

HOURS = 32
LEAD = 72  # updates of five minutes in six hours


class Watched:
    """A controller that follows the rules and keeps what the observer makes of it, every five minutes."""

    def __init__(self, site, monkeypatch):
        self.plant, self.estimate, self.log, self.driven = from_site(site), None, [], {}
        real = observer.followed

        def spy(group, area, before, saw, driven, hours):
            self.driven[group.id] = driven
            return real(group, area, before, saw, driven, hours)

        monkeypatch.setattr(observer, "followed", spy)

    def __call__(self, site, picture, now, memory, max_age_s):
        decision = decide(site, picture, now, memory, max_age_s, strategy=GOOD)
        scene = Scene(site, picture, now, max_age_s, memory.awake_since or now)
        self.estimate = observer.observe(scene, decision.memory, self.plant, self.estimate)
        if self.estimate.updated_at == now:
            self.log.append((now, self.estimate.groups, dict(self.driven)))
        return decision


def true_rooms(site, group, run, log):
    total = area = 0.0
    for zone in (z for z in site.zones if z.id in group.zones):
        spaces = [(room.devices, room.area_m2) for room in zone.rooms]
        for devices, m2 in [*spaces, (zone.devices, zone.area_m2 - sum(m2 for _, m2 in spaces))]:
            total, area = total + m2 * run.column(site.find(devices, "temp_degc")), area + m2
    rows = [max(round((now - run.start).total_seconds() / run.dt_s) - 1, 0) for now, *_ in log]
    return (total / area)[rows]


def test_rooms_are_predicted_six_hours_ahead_within_a_quarter_of_a_kelvin(monkeypatch):
    site = load_site(Path(__file__).parents[2] / "site.biri.toml")
    place = site.place
    weather = synthetic_year(2026, 1, place.latitude_deg, place.longitude_deg, place.altitude_m)
    start = datetime(2026, 1, 14, tzinfo=UTC)
    watched = Watched(site, monkeypatch)
    run = Lockstep(site, create(site, weather), start, seed=1).advance(HOURS, watched)
    for group in watched.plant.groups:
        truth = true_rooms(site, group, run, watched.log)
        seen = np.array([groups[group.id].room_degc for _, groups, _ in watched.log])
        assert np.sqrt(np.mean((seen - truth)[12:] ** 2)) < 0.06
        errors = []
        for begin in range(24 * 12, len(watched.log) - LEAD, 6):
            now = watched.log[begin][1][group.id]
            inputs = [entry[2][group.id] for entry in watched.log[begin + 1 : begin + 1 + LEAD]]
            columns = np.array(
                [
                    (d.heat_kw, d.gains_kw, d.solar_kw, d.vent_kw_per_k, d.vent_supply_degc, d.outdoor_degc)
                    for d in inputs
                ]
            ).T
            room, mass = simulate_group(group, (now.room_degc, now.mass_degc), *columns, 1 / 12, observer.held_kw(now))
            assert np.abs(mass - room).max() < 6.0
            errors.append(room - truth[begin + 1 : begin + 1 + LEAD])
        assert np.sqrt(np.mean(np.square(errors))) < 0.25
