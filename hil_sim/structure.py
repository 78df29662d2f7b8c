"""What the house is built of: masses, conductances and glass of every space, as they really are."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.deviations import Deviations
from hil_sim.outdoor import FACADES
from hil_sim.spaces import Space
from models.assets import Zone
from models.physics.building import Network, network

Array = NDArray[np.float64]

AIR_MASS_WH_PER_M2_K: Final = 5.0
"""Air, furniture and the first millimetres of surfaces."""
SLAB_SHARE: Final = 0.42
"""Of the remaining mass: the heated screed."""
OUTSIDE_SHARES: Final = (0.5, 0.08, 0.42)
"""Where the heat loss leaves from: air (windows, leaks), slab (ground), structure."""
ROOM_TO_COMMON_W_PER_K: Final = 14.0
ZONE_TO_ZONE_W_PER_K: Final = 20.0
BATH_MASS_WH_PER_M2_K: Final = 35.0
BATH_W_PER_M2_K: Final = 8.0
GLASS_GAIN: Final = 0.34
"""Solar heat through a window of triple glass: transmittance 0.5, frame, dirt and horizon."""
SLAB_W_PER_M2_K: Final = 6.0
"""Screed to room through the floor covering."""
STRUCTURE_W_PER_M2_K: Final = 5.0
"""Room to walls, ceiling and floor below, per square metre of floor."""


def glass_m2(spaces: tuple[Space, ...], deviations: Deviations) -> Array:
    """Solar gain area per space and facade [m2]."""
    area = np.zeros((len(spaces), len(FACADES)))
    for place, space in enumerate(spaces):
        if space.room:
            area[place, FACADES.index(space.room.facade)] = space.room.window_m2
        else:
            for facade, window in space.zone.windows_m2.items():
                area[place, FACADES.index(facade)] = window
        area[place] *= GLASS_GAIN * deviations.factor("window", space.zone.id)
    return area


def house_network(spaces: tuple[Space, ...], baths: list[int], bath_m2: Array, deviations: Deviations) -> Network:
    """Nodes in the order air, slab, bathroom floors (of the spaces `baths`), structure."""
    n = len(spaces)
    layers = (0, n, 2 * n + len(baths))  # air, slab, structure; the bathroom floors lie between the last two
    capacity, outside = np.zeros(3 * n + len(baths)), np.zeros(3 * n + len(baths))
    links: list[tuple[int, int, float]] = []
    common: list[int] = []
    for place, space in enumerate(spaces):
        zone: Zone = space.zone
        mass = zone.mass_wh_per_m2_k * deviations.factor("mass", zone.id)
        heavy = max(mass - AIR_MASS_WH_PER_M2_K, 5.0)
        per_m2 = (AIR_MASS_WH_PER_M2_K, SLAB_SHARE * heavy, (1 - SLAB_SHARE) * heavy)
        loss = zone.heat_loss_w_per_k * space.share * deviations.factor("heat_loss", zone.id)
        for first, mass_wh, share in zip(layers, per_m2, OUTSIDE_SHARES, strict=True):
            capacity[first + place] = mass_wh * space.area_m2 * 3600
            outside[first + place] = loss * share
        links.append((place, layers[1] + place, SLAB_W_PER_M2_K * space.area_m2))
        links.append((place, layers[2] + place, STRUCTURE_W_PER_M2_K * space.area_m2))
        if space.room:
            links.append((place, common[-1], ROOM_TO_COMMON_W_PER_K))
        else:
            if common:
                links.append((place, common[-1], ZONE_TO_ZONE_W_PER_K))
            common.append(place)
    for number, (place, floor_m2) in enumerate(zip(baths, bath_m2, strict=True)):
        capacity[2 * n + number] = BATH_MASS_WH_PER_M2_K * floor_m2 * 3600
        links.append((place, 2 * n + number, BATH_W_PER_M2_K * floor_m2))
    return network(capacity, outside, links)
