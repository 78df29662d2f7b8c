"""Which meters tell the load that no plan moves: everything but heat pumps, boilers, after-heater and cars."""

from dataclasses import dataclass

from control.grid import Array
from control.picture import Scene
from control.record import Record
from models.assets import Asset, Purpose
from models.site import Site


@dataclass(frozen=True)
class LoadPoints:
    """Point ids. Base load = main + made - planned."""

    main: str | None
    """Power at the connection, import positive."""
    made: tuple[str, ...]
    """Power of the solar cells."""
    planned: tuple[str, ...]
    """Power of what a plan moves; a heat pump without a meter of its own stays in the base load."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every point of them."""
        return ((self.main,) if self.main is not None else ()) + self.made + self.planned


def main_meter(site: Site, signal: str) -> str | None:
    """A point of the meter at the grid connection, where import is positive."""
    mains = (m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL)
    return next((point for meter in mains if (point := site.find(meter.devices, signal)) is not None), None)


def load_points(site: Site) -> LoadPoints:
    """The meters of a site."""
    made = (site.find(array.devices, "ac_power_kw") for array in site.pv)
    own: list[Asset] = [*site.boilers, *site.chargers, *site.batteries]
    own += [site.hot_water] if site.hot_water is not None else []
    planned = [_metered(site, pump) for pump in site.heat_pumps] + [site.find(a.devices, "power_kw") for a in own]
    return LoadPoints(
        main_meter(site, "power_kw"),
        tuple(point for point in made if point is not None),
        tuple(point for point in planned if point is not None),
    )


def _metered(site: Site, asset: Asset) -> str | None:
    """Power of the meter that measures this asset alone."""
    meters = (m for m in site.meters if m.carrier == "electricity" and m.measures == (asset.id,))
    return next((p for m in meters if (p := site.find(m.devices, "power_kw")) is not None), None)


def base_load_kw(points: LoadPoints, record: Record) -> Array | None:
    """The base load over a record [kW], NaN where a part of it is unknown; None when the main meter is not in it."""
    main = record.column(points.main)
    if main is None:
        return None
    for sign, parts in ((1.0, points.made), (-1.0, points.planned)):
        for point in parts:
            if point not in record.values:
                return None
            main = main + sign * record.values[point]
    return main


def base_load_now_kw(points: LoadPoints, scene: Scene) -> float | None:
    """The base load at this moment [kW]; None while a part of it is unknown."""
    main = scene.value(points.main)
    made, planned = ([scene.value(point) for point in part] for part in (points.made, points.planned))
    if main is None or None in made or None in planned:
        return None
    return main + sum(v for v in made if v is not None) - sum(v for v in planned if v is not None)
