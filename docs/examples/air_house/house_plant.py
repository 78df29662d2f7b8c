"""A small house written to the seam, with physics of its own: an example of a plant to judge controllers on.

Nothing here is shared with the built-in simulator, and its figures differ from those of the site file on purpose: more
loss, floors that answer slowly, a heat pump that ices up around zero. Temperatures in degC, powers in kW, heat
capacities in kWh/K. One step is split into pieces of half a minute.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from models.site import Site
from models.weather import WeatherSeries

PIECE_S = 30.0
WATER = 1.16
"""Heat capacity of water [kWh/(m3 K)]."""
COUNTERS = ("main.import_kwh", "el_hp.import_kwh", "el_house.import_kwh", "heat_hp.energy_kwh")
SLOWEST = 0.33
"""Share of full heat at its lowest speed."""
RESTART_S = 240.0
"""The machine waits so long after a stop, whoever asks."""
LITRES_BY_HOUR = (0.1, 0.05, 0.05, 0.05, 0.1, 0.6, 1.9, 2.6, 2.2, 1.5, 1.2, 1.2,
                  1.3, 1.0, 0.8, 0.9, 1.2, 1.5, 1.4, 1.2, 1.0, 0.8, 0.5, 0.3)  # fmt: skip
KW_BY_HOUR = (1.3, 1.2, 1.1, 1.1, 1.1, 1.4, 2.2, 2.8, 3.2, 3.4, 3.3, 3.5,
              3.4, 3.2, 3.0, 3.0, 3.2, 3.6, 3.4, 3.1, 2.7, 2.3, 1.9, 1.5)  # fmt: skip


class Space:
    """A flat or a hall: air, and a floor slab with the heating pipes in it."""

    def __init__(self, area_m2: float, loss_kw_per_k: float, window_m2: float, gain_kw: float) -> None:
        self.air_kwh_per_k, self.slab_kwh_per_k = 0.016 * area_m2, 0.058 * area_m2
        self.loss_kw_per_k, self.window_m2, self.gain_kw = loss_kw_per_k, window_m2, gain_kw
        self.slab_to_air_kw_per_k, self.pipes_kw_per_k = 0.0085 * area_m2, 0.0075 * area_m2
        self.air, self.slab, self.valve = 21.8, 24.0, 0.5

    def step(self, hours: float, outdoor: float, sun_kw_per_m2: float, water: float, setpoint: float) -> float:
        """One piece of time; returns the heat taken from the water."""
        # The thermostat's valve is slow, as such valves are.
        self.valve += (min(max((setpoint + 0.4 - self.air) / 0.9, 0.0), 1.0) - self.valve) * min(hours / 0.08, 1.0)
        heat = self.valve * self.pipes_kw_per_k * max(water - self.slab, 0.0)
        up = self.slab_to_air_kw_per_k * (self.slab - self.air)
        free = 0.6 * self.gain_kw + 0.45 * self.window_m2 * sun_kw_per_m2
        self.slab += hours * (heat - up + 0.3 * free) / self.slab_kwh_per_k
        self.air += hours * (up + 0.7 * free - self.loss_kw_per_k * (self.air - outdoor)) / self.air_kwh_per_k
        return heat


class Vessel:
    """Water in an upper and a lower half."""

    def __init__(self, volume_m3: float, loss_kw_per_k: float, start: float) -> None:
        self.half_kwh_per_k, self.loss_kw_per_k = WATER * volume_m3 / 2, loss_kw_per_k
        self.top = self.bottom = start

    def step(self, hours: float, into_top_kw: float, drawn_kw: float, return_degc: float) -> None:
        """Heat comes in above; what is drawn leaves above as water and comes back below at its return temperature."""
        flow_kw_per_k = drawn_kw / max(self.top - return_degc, 2.0)
        lost = self.loss_kw_per_k / 2
        top = into_top_kw + flow_kw_per_k * (self.bottom - self.top) - lost * (self.top - 20.0)
        bottom = flow_kw_per_k * (return_degc - self.bottom) - lost * (self.bottom - 20.0)
        self.top += hours * top / self.half_kwh_per_k
        self.bottom += hours * bottom / self.half_kwh_per_k
        across = min(hours / (0.05 if self.bottom > self.top else 0.5), 0.5) * (self.top - self.bottom) / 2
        self.top, self.bottom = self.top - across, self.bottom + across

    def layers(self) -> list[float]:
        """Four sensors from the top."""
        return [self.top, 0.7 * self.top + 0.3 * self.bottom, 0.3 * self.top + 0.7 * self.bottom, self.bottom]


class House:
    """Satisfies the seam: `reset` and `step`, and `truth` for scoring."""

    def __init__(self, site: Site, weather: WeatherSeries) -> None:
        self.zone, self.begin, self.weather_step_s = site.zone_info, weather.start, weather.step_s
        self.weather = np.column_stack((weather.temp_degc, weather.ghi_w_m2 / 1000)).tolist()
        rules = {point.id: point.spec.write for point in site.points.values()}
        self.relinquish = {name: rule.relinquish for name, rule in rules.items() if rule is not None}

    def reset(self, start: datetime, seed: int) -> Mapping[str, float | None]:
        """A house that has been lived in."""
        self.now, self.random = start, np.random.default_rng(seed)
        self.held = dict(self.relinquish)
        self.spaces = {
            "flat_1": Space(60, 0.045, 7.0, 0.35),
            "flat_2": Space(60, 0.048, 7.0, 0.30),
            "commons": Space(120, 0.095, 14.0, 0.60),
            "workshop": Space(120, 0.105, 8.0, 0.30),
        }
        self.spaces["workshop"].air = 19.6
        self.buffer, self.water_tank = Vessel(0.47, 0.0026, 33.0), Vessel(0.38, 0.0023, 46.0)
        self.heater_degc, self.heater_kwh_per_k = 68.5, WATER * 0.29
        self.on, self.speed, self.rested_s, self.frost = False, 0.0, RESTART_S, 0.0
        self.flow_l_per_min = self.house_kw = 0.0
        self.counters = dict.fromkeys(COUNTERS, 0.0)
        self.shown: dict[str, float] = {}
        self.errors = self.random.normal(0.0, 0.1, 64)
        self._piece(1.0)
        return self._readings()

    def step(self, commands: Mapping[str, float | None], dt_s: float) -> Mapping[str, float | None]:
        """A command that is not named stays, None gives it back."""
        for name, value in commands.items():
            self.held[name] = self.relinquish[name] if value is None else value
        pieces = ceil(dt_s / PIECE_S)
        for _ in range(pieces):
            self.now += timedelta(seconds=dt_s / pieces)
            self._piece(dt_s / pieces)
        return self._readings()

    def truth(self) -> Mapping[str, float]:
        """Without the errors of sensors."""
        return self.shown

    def _readings(self) -> Mapping[str, float | None]:
        """Sensors of temperature are off by a little and show tenths."""
        return {
            name: round(value + self.errors[n % len(self.errors)], 1) if name.endswith("temp_degc") else value
            for n, (name, value) in enumerate(self.shown.items())
        }

    def _piece(self, dt_s: float) -> None:
        hours, local = dt_s / 3600, self.now.astimezone(self.zone)
        outdoor, sun = self._outdoors()
        self._lives(local.hour, hours)
        drawn = self._circuit(hours, outdoor, sun)
        heat, power = self._machine(hours, dt_s, outdoor)
        duty = self.held["hp_io.hot_water_duty"] >= 0.5
        stages = min(max(round(self.held["boiler.stage_request"]), 0), 4) if self.buffer.top < 80 else 0
        self.buffer.step(hours, 2.9 * stages + (0.0 if duty else heat), drawn, self.returned)
        preheat = self._tap_water(hours, heat if duty else 0.0)
        total = self.house_kw + power + 2.9 * stages + self.heater_kw + 0.12
        for name, kw in zip(COUNTERS, (total, power, self.house_kw, heat), strict=True):
            self.counters[name] += kw * hours
        self._show(outdoor, heat, power, stages, total, preheat)

    def _outdoors(self) -> tuple[float, float]:
        """Temperature and irradiance [kW/m2]; the series begins anew after its end."""
        place = (self.now - self.begin).total_seconds() / self.weather_step_s
        below, part = int(place // 1) % len(self.weather), place % 1
        now, then = self.weather[below], self.weather[(below + 1) % len(self.weather)]
        return now[0] + part * (then[0] - now[0]), now[1] + part * (then[1] - now[1])

    def _lives(self, hour: int, hours: float) -> None:
        """Taps and light change now and then."""
        if self.random.random() < hours * 12:
            litres_per_h = 13.0 * LITRES_BY_HOUR[hour]
            opened = self.random.random() < 0.3
            self.flow_l_per_min = self.random.exponential(litres_per_h / 60 / 0.3) if opened else 0.0
            self.house_kw = KW_BY_HOUR[hour] * self.random.uniform(0.75, 1.3)

    def _circuit(self, hours: float, outdoor: float, sun: float) -> float:
        """Heat the rooms draw; the mixing valve cannot give more than the buffer has."""
        self.supply = min(self.held["circuit.supply_setpoint_degc"], self.buffer.top)
        if self.held["circuit.pump_on"] < 0.5:
            self.supply = 20.0
        drawn = [
            space.step(hours, outdoor, 0.5 * sun, self.supply, self.held[f"{name}.setpoint_degc"])
            for name, space in self.spaces.items()
        ]
        self.returned = self.supply - 5.0 if sum(drawn) > 1.0 else self.supply - 1.0
        return sum(drawn)

    def _machine(self, hours: float, dt_s: float, outdoor: float) -> tuple[float, float]:
        """Heat and electricity of the heat pump: a share of Carnot, less while it is iced up."""
        duty = self.held["hp_io.hot_water_duty"] >= 0.5
        vessel = self.water_tank if duty else self.buffer
        self.condenser = vessel.bottom + 6.0
        target = self.held["hp_io.supply_setpoint_degc"]
        wanted = self.held["hp_io.stage_request"] >= 0.5 and outdoor > -22.0 and vessel.bottom < 52.0
        # Its own regulator stops it well above the set point and starts it below.
        wanted = wanted and self.condenser < target + (4.0 if self.on else 0.0)
        if self.on and not wanted:
            self.on, self.rested_s = False, 0.0
        elif wanted and not self.on and self.rested_s >= RESTART_S:
            self.on = True
        self.rested_s += dt_s
        if not self.on:
            self.frost, self.speed = max(self.frost - hours, 0.0), 0.0
            return 0.0, 0.02
        # It comes to another speed within a minute or two, and never goes slower than its oil stands.
        wanted_speed = min(max(self.held["hp_io.capacity_request_pct"] / 100, SLOWEST), 1.0)
        self.speed += (wanted_speed - self.speed) * min(dt_s / 60, 1.0)
        self.frost = min(self.frost + hours * (0.8 if -7 < outdoor < 4 else 0.2), 1.0)
        iced = 1.0 - 0.14 * self.frost
        if self.frost >= 1.0:
            self.frost = 0.0
        lift = max(self.condenser + 4.0 - (outdoor - 7.0), 18.0)
        cop = 0.50 * (self.condenser + 277.0) / lift * iced
        heat = (17.6 + 0.33 * outdoor) * iced * self.speed
        # Its exchangers are large for a slow compressor; its inverter takes what it takes.
        return heat, heat / max(cop * (1.12 - 0.12 * self.speed), 1.0) + 0.05

    def _tap_water(self, hours: float, into_tank_kw: float) -> float:
        """Cold water through the exchanger of the tank into the heater; returns how warm it enters it."""
        rate = self.flow_l_per_min * 0.0698
        share = 0.85 / (0.85 + rate) if rate > 0 else 0.0
        warmed = 7.0 + share * max(self.water_tank.top - 7.0, 0.0)
        self.water_tank.step(hours, into_tank_kw, rate * (warmed - 7.0), 14.0)
        stages = min(max(round(self.held["hot_water.stage_request"]), 0), 3)
        self.heater_kw = 2.95 * stages if self.heater_degc < 76.0 else 0.0
        circulated = 0.009 * (self.heater_degc - 21.0) if self.held["hot_water.circulation_pump_on"] >= 0.5 else 0.05
        # Taps mix: of the water used only a part comes from the heater.
        part = min((55.0 - 7.0) / max(self.heater_degc - 7.0, 1.0), 1.0)
        lost = circulated + 0.0045 * (self.heater_degc - 20.0) + part * rate * (self.heater_degc - warmed)
        self.heater_degc += hours * (self.heater_kw - lost) / self.heater_kwh_per_k
        return warmed

    def _show(self, outdoor: float, heat: float, power: float, stages: int, total: float, preheat: float) -> None:
        shown = {**self.held, **self.counters, "main.export_kwh": 0.0, "main.power_kw": total}
        shown |= {"hp.outdoor_temp_degc": outdoor, "hp.class_a_alarm": 0.0, "hp_io.fault": 0.0, "hp_io.release_ok": 1.0}
        shown |= {
            "hp.return_temp_degc": self.condenser - 6.0,
            "hp.supply_temp_degc": self.condenser,
            "heat_hp.power_kw": heat,
        }
        shown |= {"hp_io.compressor_1_on": float(self.on), "hp_io.compressor_speed_pct": 100 * self.speed}
        shown |= {"el_hp.power_kw": power, "el_house.power_kw": self.house_kw}
        shown |= {"boiler.stages_on": float(stages), "boiler.power_kw": 2.9 * stages, "boiler.overheat_trip": 0.0}
        shown |= {"boiler.supply_temp_degc": self.buffer.top, "boiler.fault": 0.0}
        for name, vessel in (("buffer", self.buffer), ("water_tank", self.water_tank)):
            shown |= {f"{name}.layer_{n}_temp_degc": degc for n, degc in enumerate(vessel.layers(), 1)}
        heater = self.heater_degc
        shown |= {
            "hot_water.top_temp_degc": heater + 1.0,
            "hot_water.middle_temp_degc": heater,
            "hot_water.bottom_temp_degc": heater - 1.5,
        }
        shown |= {
            "hot_water.supply_temp_degc": heater + 0.5,
            "hot_water.cold_temp_degc": 7.0,
            "hot_water.preheat_temp_degc": preheat,
        }
        shown |= {
            "hot_water.flow_l_per_min": self.flow_l_per_min,
            "hot_water.power_kw": self.heater_kw,
            "hot_water.overheat_trip": 0.0,
        }
        shown |= {"loop.return_temp_degc": heater - 3.0, "loop.flow_l_per_min": 2.0}
        shown |= {"circuit.supply_temp_degc": self.supply, "circuit.return_temp_degc": self.returned}
        shown["circuit.valve_pct"] = 60.0
        for name, space in self.spaces.items():
            shown |= {f"{name}.temp_degc": space.air, f"{name}.valve_pct": 100 * space.valve}
        self.shown = shown


def create(site: Site, weather: WeatherSeries) -> House:
    """What `--plant house_plant:create` names."""
    return House(site, weather)
