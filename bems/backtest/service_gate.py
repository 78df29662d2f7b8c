"""Equal services first: whether a run delivered what the one it is compared with delivered. Pure."""

from typing import Final

from bems.backtest.scoring import Score

GATE_KH: Final = 0.5
GATE_MEAN_K: Final = 0.3
GATE_MIN: Final = 60.0
GATE_LITRES: Final = 5.0
GATE_CAR_KWH: Final = 1.0


def lacking(of: Score, reference: Score) -> list[str]:
    """What this run did not deliver that the reference did; empty when the two may be compared in money."""
    found = []
    for zone, group in of.groups.items():
        if (other := reference.groups.get(zone)) is None:
            continue
        found += [
            f"{zone}: {kind} {group[kind]:.1f}, {other[kind]:.1f} in the reference"
            for kind in ("cold_kh", "hot_kh")
            if group[kind] > other[kind] + GATE_KH
        ]
        if group["mean_degc"] < other["mean_degc"] - GATE_MEAN_K:
            found.append(f"{zone}: {group['mean_degc']:.1f} degC on average, {other['mean_degc']:.1f} in the reference")
    limits = {
        "co2_min": GATE_MIN,
        "return_below_60_min": GATE_MIN,
        "litres_below_55": GATE_LITRES,
        "litres_unserved_40": GATE_LITRES,
        "hygiene_missed": 0.0,
        "car_missing_kwh": GATE_CAR_KWH,
    }
    for name, more in limits.items():
        mine, theirs = getattr(of, name), getattr(reference, name)
        if mine is not None and theirs is not None and mine > theirs + more:
            found.append(f"{name} {mine:.1f}, {theirs:.1f} in the reference")
    return found
