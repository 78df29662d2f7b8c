"""Stratified water tank: equal layers from the top (index 0) down, streams through it, buoyancy, losses.

One explicit upwind step per Courant number 1 at most, so a front is smeared no more than the layers themselves do:

    C dT_j/dt = sum(streams in) - sum(streams out) + net flow over the layer's faces + conduction + heating - loss

A stream leaves at one layer and comes back at another with its power added, whatever the temperatures do meanwhile:
energy is conserved exactly by construction, and a consumer gets the power it reckoned with.
Layers that end up warmer than the one above are mixed with it (pool adjacent violators), which also conserves energy.
"""

from collections.abc import Sequence
from math import ceil, inf
from typing import Final, NamedTuple

WATER_J_PER_KG_K: Final = 4186.0
WATER_KG_PER_M3: Final = 988.0
"""At 50 degC; a tank holds its mass, not its volume."""


class Stream(NamedTuple):
    """Water drawn at layer `leaves` and returned at layer `enters` with `power_w` added on its way."""

    leaves: int
    enters: int
    flow_kg_per_s: float
    power_w: float


class TankStep(NamedTuple):
    """Layer temperatures after the step [degC], and the heat lost to the surroundings meanwhile [J]."""

    temps_degc: list[float]
    loss_j: float


def step_tank(
    temps_degc: Sequence[float],
    layer_kg: float,
    streams: Sequence[Stream],
    heating_w: Sequence[float],
    loss_w_per_k: float,
    ambient_degc: float,
    conduction_w_per_k: float,
    dt_s: float,
) -> TankStep:
    """Advance a tank of at least two layers by `dt_s`.

    `heating_w` is heat put straight into each layer [W]; `loss_w_per_k` the loss of the whole tank, spread evenly;
    `conduction_w_per_k` the exchange between neighbouring layers.
    """
    temps = list(temps_degc)
    last = len(temps) - 1
    down, through = _face_flows(streams, last)
    layer_loss = loss_w_per_k / (last + 1)
    count = max(1, ceil(through * dt_s / layer_kg))
    h = dt_s / count
    factor = h / (layer_kg * WATER_J_PER_KG_K)
    kept = 1.0 - layer_loss * factor
    from_outside = layer_loss * ambient_degc
    loss_j = 0.0
    for _ in range(count):
        loss_j += layer_loss * h * (sum(temps) - (last + 1) * ambient_degc)
        gain = list(heating_w)
        for leaves, enters, flow, power in streams:
            carried = flow * WATER_J_PER_KG_K * temps[leaves]
            gain[leaves] -= carried
            gain[enters] += carried + power
        fresh: list[float] = []
        here, above, from_above, sinks = temps[0], inf, from_outside, False
        # One pass down: what passes a face leaves one layer and enters the next.
        for flow, below, gained in zip(down, temps[1:], gain, strict=False):
            passed = flow * (here if flow > 0 else below) + conduction_w_per_k * (here - below)
            new = here * kept + (gained + from_above - passed) * factor
            if new > above:
                sinks = True
            fresh.append(new)
            here, above, from_above = below, new, passed + from_outside
        new = here * kept + (gain[last] + from_above) * factor
        fresh.append(new)
        temps = mix_inversions(fresh) if sinks or new > above else fresh
    return TankStep(temps, loss_j)


def mix_inversions(temps_degc: Sequence[float]) -> list[float]:
    """Layers of equal size, top first, after buoyancy has mixed every warm layer under a colder one."""
    pools: list[tuple[float, int]] = []
    for temp in temps_degc:
        pool, size = temp, 1
        while pools and pools[-1][0] < pool:
            above, count = pools.pop()
            pool, size = (above * count + pool * size) / (count + size), count + size
        pools.append((pool, size))
    return [temp for temp, size in pools for _ in range(size)]


def stored_j(temps_degc: Sequence[float], layer_kg: float) -> float:
    """Heat content above 0 degC [J]."""
    return sum(temps_degc) * layer_kg * WATER_J_PER_KG_K


def _face_flows(streams: Sequence[Stream], last: int) -> tuple[list[float], float]:
    """Net downward heat capacity rate over each face between layers [W/K], and the sum of all streams [kg/s]."""
    down = [0.0] * last
    through = all_the_way = 0.0
    for leaves, enters, flow, _ in streams:
        through += flow
        if enters == 0 and leaves == last:
            all_the_way += flow
        elif leaves == 0 and enters == last:
            all_the_way -= flow
        elif enters < leaves:
            for face in range(enters, leaves):
                down[face] += flow * WATER_J_PER_KG_K
        else:
            for face in range(leaves, enters):
                down[face] -= flow * WATER_J_PER_KG_K
    if all_the_way:
        rate = all_the_way * WATER_J_PER_KG_K
        down = [one + rate for one in down]
    return down, through
