"""A Locationforecast 2.0 document -> an hourly series; pure. Irradiance, which it lacks, follows from the clouds."""

from datetime import UTC, datetime
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from drivers.errors import Nonsense
from models.sun import ghi_under_clouds, sky, split_ghi
from models.synthetic import fresh_snow_cm
from models.weather import WeatherSeries

Array = NDArray[np.float64]

LONGEST_H: Final = 20 * 24
"""The product reaches nine to ten days; a document that claims more is broken."""


class _Details(BaseModel):
    air_temperature: Annotated[float, Field(ge=-70, le=60)] | None = None
    relative_humidity: Annotated[float, Field(ge=0, le=110)] | None = None
    wind_speed: Annotated[float, Field(ge=0, le=100)] | None = None
    cloud_area_fraction: Annotated[float, Field(ge=0, le=101)] | None = None


class _Instant(BaseModel):
    details: _Details


class _Amount(BaseModel):
    precipitation_amount: Annotated[float, Field(ge=0, le=500)] | None = None


class _Period(BaseModel):
    details: _Amount = _Amount()


class _Data(BaseModel):
    instant: _Instant
    next_1_hours: _Period | None = None
    next_6_hours: _Period | None = None


class _Step(BaseModel):
    time: AwareDatetime
    data: _Data


class _Meta(BaseModel):
    updated_at: AwareDatetime


class _Properties(BaseModel):
    meta: _Meta
    timeseries: list[_Step]


class _Document(BaseModel):
    properties: _Properties


def parse_document(body: str, place: tuple[float, float, float]) -> tuple[WeatherSeries, datetime]:
    """Hourly weather and when the forecast was made; `place` is latitude [°N], longitude [°E], altitude [m].

    Sparse later steps are interpolated. Nonsense when the document is not one, or lacks temperature, humidity, wind
    or clouds altogether.
    """
    try:
        properties = _Document.model_validate_json(body).properties
    except ValidationError as error:
        fault = error.errors()[0]
        raise Nonsense(f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}") from error
    steps = properties.timeseries
    times = np.array([step.time.timestamp() for step in steps])
    if len(times) < 2 or (np.diff(times) <= 0).any() or times[-1] - times[0] > LONGEST_H * 3600:
        raise Nonsense(f"{len(times)} forecast times that are not a rising series of at most {LONGEST_H} h")
    start = datetime.fromtimestamp(times[0] - times[0] % 3600, UTC)
    grid = np.arange(start.timestamp(), times[-1] + 1, 3600.0)
    columns = {name: _on_grid(name, steps, times, grid) for name in _Details.model_fields}
    clear = sky(*place, start, 3600.0, len(grid))
    ghi = ghi_under_clouds(clear.ghi_clear_w_m2, np.clip(columns["cloud_area_fraction"], 0, 100))
    dni, dhi = split_ghi(ghi, clear)
    series = WeatherSeries(
        start=start,
        step_s=3600.0,
        temp_degc=columns["air_temperature"],
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
        wind_m_s=columns["wind_speed"],
        humidity_pct=np.clip(columns["relative_humidity"], 0, 100),
        snowfall_cm_per_h=fresh_snow_cm(_precipitation_mm(steps, times, grid), columns["air_temperature"]),
    )
    return series, properties.meta.updated_at.astimezone(UTC)


def _on_grid(name: str, steps: list[_Step], times: Array, grid: Array) -> Array:
    values = np.array([getattr(step.data.instant.details, name) for step in steps], dtype=np.float64)
    known = ~np.isnan(values)
    if known.sum() < 2:
        raise Nonsense(f"no {name}")
    return np.interp(grid, times[known], values[known])


def _precipitation_mm(steps: list[_Step], times: Array, grid: Array) -> Array:
    """Per hour; six-hour sums are spread evenly, and an hour without any word on it counts as dry."""
    hourly = np.zeros(len(grid))
    for step, at in zip(steps, times, strict=True):
        first = int((at - grid[0]) // 3600)
        for period, hours in ((step.data.next_6_hours, 6), (step.data.next_1_hours, 1)):
            if period is not None and period.details.precipitation_amount is not None:
                hourly[first : first + hours] = period.details.precipitation_amount / hours
    return hourly
