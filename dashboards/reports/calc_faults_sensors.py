"""Sensors that disagree with others of the same thing."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from dashboards.reports.calc_faults import FaultKind, Finding, Flags, cannot_tell, judged, looks
from dashboards.reports.calc_known import Array, Known, Why

LIMIT_K: Final = 1.5
"""Class B sensors, their lags and places differ by less."""
LEAST_DAYS: Final = 3
LEAST_SENSORS: Final = 3
STUCK_SHARE: Final = 0.1
"""A sensor that moves less than this part of what the others move is stuck."""


def sensors_disagree(
    readings_degc: Mapping[str, Array], where: Flags, step_h: float, limit_k: float = LIMIT_K
) -> list[Finding]:
    """Each sensor of the same thing against the median of the others.

    Method: the median absolute difference of a day, one look a day. The worst sensor beyond the limit is found and left
    out, and the rest judged anew, so that it does not speak against those that are right. A stuck sensor differs as
    well as one that is wrong, and `evidence` tells them apart (`moves_share`: how far it moves, of what the others
    move). `where` picks the steps that count: nights for outdoor sensors, which the sun shines on by day. Where only
    two are left that differ, nobody can say which one is wrong, and none is judged. Money: none of its own.
    """
    left, found = dict(readings_degc), dict[str, Finding]()
    while len(left) > 1:
        judged_now = {name: _one(name, left, where, step_h, limit_k) for name in left}
        worst = max(judged_now, key=lambda name: judged_now[name].size.value or 0.0)
        if not judged_now[worst].found:
            found |= judged_now
            left = {}
        elif len(left) < LEAST_SENSORS:
            break
        else:
            found[worst] = judged_now[worst]
            del left[worst]
    found |= {name: cannot_tell(FaultKind.SENSOR, name, "K", limit_k, Why.NOT_MEASURED) for name in left}
    return [found[name] for name in readings_degc]


def _one(name: str, readings: Mapping[str, Array], where: Flags, step_h: float, limit_k: float) -> Finding:
    own, table = readings[name], np.array([column for other, column in readings.items() if other != name])
    known = ~np.isnan(table).all(axis=0)
    others = np.full(len(own), np.nan)
    others[known] = np.nanmedian(table[:, known], axis=0)
    difference = own - others
    both = where & ~np.isnan(difference)
    sizes = looks(np.abs(difference), where, round(24 / step_h), max(round(1 / step_h), 1))
    evidence = {}
    if both.any():
        moves = float(np.std(others[both]))
        evidence = {
            "difference_k": float(np.median(difference[both])),
            "moves_share": float(np.std(own[both])) / moves if moves > 0 else 1.0,
        }
    nothing = Known.missing(Why.NO_FACTOR)
    return judged(
        FaultKind.SENSOR,
        name,
        sizes,
        unit="K",
        limit=limit_k,
        least=LEAST_DAYS,
        nok_per_year=nothing,
        evidence=evidence,
    )


def is_stuck(finding: Finding) -> bool:
    """Whether a sensor that disagrees stands still while the others move."""
    return finding.evidence.get("moves_share", 1.0) < STUCK_SHARE
