"""The grounds of a plan's first step as plain data, for the record and the pages."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from control.explain import Why
from models.signals import Reason


def as_data(why: Why) -> dict[str, Any]:
    """What JSON can hold; None is not known."""
    second = None
    if why.second is not None:
        second = {
            "value": why.second.value,
            "cost_nok": _known(why.second.cost_nok),
            "breaks": list(why.second.breaks),
        }
    return {
        "family": why.family.value,
        "asset": why.asset,
        "value": why.value,
        "unit": why.unit,
        "start": why.start.isoformat(),
        "end": why.end.isoformat(),
        "reason": _said(why.reason),
        "bound": None if why.bound is None else _said(why.bound),
        "bound_nok": _known(why.bound_nok),
        "electricity_nok_per_kwh": _known(why.electricity_nok_per_kwh),
        "heat_nok_per_kwh": _known(why.heat_nok_per_kwh),
        "second": second,
        "identity": why.identity,
    }


def _said(reason: Reason) -> dict[str, Any]:
    return asdict(reason) | {"facts": dict(reason.facts)}


def _known(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else value
