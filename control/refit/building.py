"""Re-fit of a group of zones: its 2R2C model so that a day predicted from the record's heat and weather comes true.

The record is followed by a stationary filter of room and mass; every six hours the model runs ahead on its own for a
day, with the heat, air, sun and weather that were measured. The sum of squared errors of these predictions and the
priors' own terms are least over bounded logarithms of the factors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.assets.building import Group
from control.grid import Array
from control.predict import heat_into, transition
from control.refit.fitted import GROUP, NEUTRAL, Parameter, group_applied
from control.refit.inputs import GroupSeries

WINDOW_H: Final = 24.0
EVERY_H: Final = 6.0
SETTLE_H: Final = 24.0
"""From the record's start, until the filter knows the mass [h]."""
EXPECTED_K: Final = 0.15
"""Error of a day's prediction by a good model."""
ROOM_NOISE_KW: Final = 3.0
MASS_NOISE_KW: Final = 1.0
SENSOR_K: Final = 0.05
LEAST_WINDOWS: Final = 8
MOST_STEPS: Final = 60


@dataclass(frozen=True)
class Predictions:
    """Day-ahead predictions of the room from several starts, one row each; NaN where the room was not measured."""

    error_k: Array

    def rmse_k(self) -> float:
        """Over all leads."""
        return float(np.sqrt(np.nanmean(self.error_k**2)))


def fit_group(
    group: Group, series: GroupSeries, dt_s: float, windows: NDArray[np.intp], before: Mapping[str, float]
) -> dict[str, float] | None:
    """The parameters of kind 'group' that predict best from the windows' starts; None when nothing was found.

    Args:
        group: by the site file.
        series: its record.
        dt_s: step of the record.
        windows: steps from which to predict a day.
        before: parameters in use, where the search begins.
    """
    from scipy.optimize import least_squares

    names = list(GROUP)

    def residuals(x: Array) -> Array:
        values = {name: _value(GROUP[name], float(one)) for name, one in zip(names, x, strict=True)}
        errors = predict(_with(group, values), series, dt_s, windows).error_k / EXPECTED_K
        per_window = np.nan_to_num(errors) / np.sqrt(np.maximum((~np.isnan(errors)).sum(axis=1, keepdims=True), 1))
        return np.concatenate([per_window.ravel(), x])

    low, high = (np.array([_x(p, bound) for p in GROUP.values() for bound in [getattr(p, side)]])
                 for side in ("low", "high"))  # fmt: skip
    start = np.array([_x(p, p.within(before.get(name, p.neutral))) for name, p in GROUP.items()])
    margin = 1e-3 * (high - low)
    found = least_squares(
        residuals, np.clip(start, low + margin, high - margin), bounds=(low, high), max_nfev=MOST_STEPS, xtol=1e-4
    )
    if not np.isfinite(found.x).all():
        return None
    return {name: _value(GROUP[name], float(one)) for name, one in zip(names, found.x, strict=True)}


def _x(parameter: Parameter, value: float) -> float:
    """A parameter in units of its prior's spread."""
    return (float(np.log(value)) if parameter.is_factor else value) / parameter.spread


def _value(parameter: Parameter, x: float) -> float:
    return float(np.exp(x * parameter.spread)) if parameter.is_factor else x * parameter.spread


def _with(group: Group, values: Mapping[str, float]) -> Group:
    return group_applied(group, NEUTRAL.with_part(f"group.{group.id}", values))


def window_starts(series: GroupSeries, dt_s: float, first: int, end: int) -> NDArray[np.intp]:
    """Steps from which a day can be predicted within [first, end): every input known, the room known at the start."""
    length, every = round(WINDOW_H * 3600 / dt_s), round(EVERY_H * 3600 / dt_s)
    least = max(first, round(SETTLE_H * 3600 / dt_s))
    starts = np.arange(least, end - length + 1, every)
    known = np.concatenate([[0.0], np.cumsum(series.usable)])
    whole = (known[starts + length] - known[starts] >= length) & np.isfinite(series.room_degc[starts - 1])
    return np.asarray(starts[whole], dtype=np.intp)


def predict(group: Group, series: GroupSeries, dt_s: float, windows: NDArray[np.intp]) -> Predictions:
    """Errors [K] of the room, predicted for a day from each of these steps."""
    kept, moved = _steps(group, series, dt_s)
    state = _filtered(group, series, dt_s, kept, moved)[windows]
    length = round(WINDOW_H * 3600 / dt_s)
    errors = np.empty((len(windows), length))
    for lead in range(length):
        at = windows + lead
        state = np.einsum("nij,nj->ni", kept[at], state) + moved[at]
        errors[:, lead] = state[:, 0] - series.room_degc[at]
    return Predictions(errors)


def followed(group: Group, series: GroupSeries, dt_s: float) -> Array:
    """Room and mass [degC] before each step, as the filter has them."""
    return _filtered(group, series, dt_s, *_steps(group, series, dt_s))


def _steps(group: Group, series: GroupSeries, dt_s: float) -> tuple[Array, Array]:
    """Of every step: what it keeps of the state, and what it adds to it; steps with an unknown input keep all."""
    step = transition(group, series.vent_kw_per_k, dt_s / 3600)
    room_kw, mass_kw = heat_into(
        group,
        series.heat_kw,
        series.gains_kw,
        series.solar_kw,
        series.vent_kw_per_k,
        series.vent_supply_degc,
        series.outdoor_degc,
    )
    moved = np.einsum("nij,nj->ni", step.b, np.stack(np.broadcast_arrays(room_kw, mass_kw), axis=-1))
    unknown = series.usable < 0.5
    return np.where(unknown[:, None, None], np.eye(2), step.e), np.where(unknown[:, None], 0.0, moved)


def _filtered(group: Group, series: GroupSeries, dt_s: float, kept: Array, moved: Array) -> Array:
    """State before each step: corrected by the room measured in the step before with a stationary gain."""
    room_gain, mass_gain = _gain(group, series, dt_s)
    measured = series.room_degc.tolist()
    room = mass = next((value for value in measured if value == value), 21.0)  # noqa: PLR0124  (NaN differs from itself)
    states = np.empty((len(measured), 2))
    for n, ((of_room, of_mass), (by_room, by_mass), seen) in enumerate(
        zip(kept.tolist(), moved.tolist(), measured, strict=True)
    ):
        states[n] = room, mass
        room, mass = (
            of_room[0] * room + of_room[1] * mass + by_room,
            of_mass[0] * room + of_mass[1] * mass + by_mass,
        )
        if seen == seen:  # noqa: PLR0124
            innovation = seen - room
            room, mass = room + room_gain * innovation, mass + mass_gain * innovation
    return states


def _gain(group: Group, series: GroupSeries, dt_s: float) -> tuple[float, float]:
    """Stationary Kalman gain of room and mass for heat that comes and goes unmeasured."""
    from scipy.linalg import solve_discrete_are

    mean_air = float(np.nanmean(series.vent_kw_per_k)) if np.isfinite(series.vent_kw_per_k).any() else 0.0
    step = transition(group, mean_air, dt_s / 3600)
    noise = step.b @ np.diag([ROOM_NOISE_KW**2, MASS_NOISE_KW**2]) @ step.b.T
    seen = np.array([[1.0], [0.0]])
    spread = solve_discrete_are(step.e.T, seen, noise, np.array([[SENSOR_K**2]]))
    gain = spread[:, 0] / (spread[0, 0] + SENSOR_K**2)
    return float(gain[0]), float(gain[1])
