"""Thermal network: nodes with heat capacity, conductances between them and to the outside; implicit Euler.

    C dT/dt = -L T + g_out T_out + q        L: conductance (Laplacian) matrix with g_out on its diagonal

The step (C/dt + L) T' = C/dt T + g_out T_out + q is one product with a matrix inverted beforehand, unconditionally
stable, and its balance closes exactly: C (T' - T) = dt (q - sum g_out (T' - T_out)).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_ELEMENTS: Final = 8000
"""Threads for a product this small cost more than they bring (OpenBLAS starts them at 9216 elements)."""


@dataclass(frozen=True)
class Network:
    """Nodes of a building."""

    capacity_j_per_k: Array
    to_outside_w_per_k: Array
    laplacian_w_per_k: Array
    """Square; rows sum to the conductance to the outside."""


@dataclass(frozen=True)
class Stepper:
    """A network's step of one length: T' = inverse @ (storage T + to_outside T_out + q)."""

    blocks: Array
    """The inverse, cut into blocks of rows small enough that no BLAS starts threads for them; padded with zeros."""
    storage_w_per_k: Array
    to_outside_w_per_k: Array
    dt_s: float

    def advance(self, temps_degc: Array, heat_w: Array, outdoor_degc: float) -> Array:
        """Node temperatures after the step, under heat [W] into each node held constant over it."""
        right = self.storage_w_per_k * temps_degc
        right += self.to_outside_w_per_k * outdoor_degc
        right += heat_w
        return (self.blocks @ right).ravel()[: len(temps_degc)]


def network(capacity_j_per_k: Array, to_outside_w_per_k: Array, links: Iterable[tuple[int, int, float]]) -> Network:
    """A network from capacities, conductances to the outside and links (node, node, W/K)."""
    laplacian = np.diag(to_outside_w_per_k).astype(np.float64)
    for one, other, conductance in links:
        laplacian[one, one] += conductance
        laplacian[other, other] += conductance
        laplacian[one, other] -= conductance
        laplacian[other, one] -= conductance
    return Network(capacity_j_per_k, to_outside_w_per_k, laplacian)


def stepper(of: Network, dt_s: float) -> Stepper:
    """The step of length `dt_s` [s]; ValueError when a node has no capacity or the length is not positive."""
    if dt_s <= 0 or bool((of.capacity_j_per_k <= 0).any()):
        raise ValueError(f"a step needs dt_s > 0 and positive capacities, got dt_s {dt_s}")
    storage = of.capacity_j_per_k / dt_s
    inverse = np.linalg.inv(np.diag(storage) + of.laplacian_w_per_k)
    count = len(storage)
    rows = max(1, min(count, BLOCK_ELEMENTS // count))
    padded = np.zeros((-(-count // rows) * rows, count))
    padded[:count] = inverse
    return Stepper(padded.reshape(-1, rows, count), storage, of.to_outside_w_per_k, dt_s)


def steady(of: Network, heat_w: Array, outdoor_degc: float) -> Array:
    """Node temperatures that the network settles at under constant heat and outdoor temperature."""
    return np.asarray(
        np.linalg.solve(of.laplacian_w_per_k, of.to_outside_w_per_k * outdoor_degc + heat_w), dtype=np.float64
    )
