"""Thermal network: nodes with heat capacity, conductances between them and to the outside; implicit Euler.

    C dT/dt = -L T + g_out T_out + q        L: conductance (Laplacian) matrix with g_out on its diagonal

The step (C/dt + L) T' = C/dt T + g_out T_out + q is unconditionally stable, and its balance closes exactly:
C (T' - T) = dt (q - sum g_out (T' - T_out)). Leaves, nodes with a single neighbour (a slab under its room), are
eliminated by hand; what is left, the core, is one product with a small matrix inverted beforehand, which stays in the
cache where that of the whole network would not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

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
    """A network's step of one length, on the right side r = storage T + to_outside T_out + q."""

    blocks: tuple[Array, ...]
    """Inverse for the core without its leaves, in blocks of rows small enough that no BLAS starts threads for them."""
    core: Indices
    leaves: Indices
    parents: Indices
    """Each leaf's neighbour, as a position in `core`."""
    share: Array
    """Of each leaf's r that its neighbour gets; and of the neighbour's temperature that the leaf takes."""
    leaf_k_per_w: Array
    storage_w_per_k: Array
    to_outside_w_per_k: Array
    dt_s: float

    def advance(self, temps_degc: Array, heat_w: Array, outdoor_degc: float) -> Array:
        """Node temperatures after the step, under heat [W] into each node held constant over it."""
        right = self.storage_w_per_k * temps_degc
        right += self.to_outside_w_per_k * outdoor_degc
        right += heat_w
        leaf = right[self.leaves]
        right = right[self.core]
        right += np.bincount(self.parents, leaf * self.share, len(right))
        parts = [block.dot(right) for block in self.blocks]
        core = parts[0] if len(parts) == 1 else np.concatenate(parts)
        leaf *= self.leaf_k_per_w
        leaf += self.share * core[self.parents]
        after = np.empty_like(temps_degc)
        after[self.core] = core
        after[self.leaves] = leaf
        return after


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
    matrix = np.diag(storage) + of.laplacian_w_per_k
    neighbour = _leaves(of.laplacian_w_per_k)
    leaves = np.array(sorted(neighbour), dtype=np.intp)
    core = np.setdiff1d(np.arange(len(storage)), leaves)
    parents = np.searchsorted(core, np.array([neighbour[leaf] for leaf in leaves.tolist()], dtype=np.intp))
    leaf_k_per_w = 1.0 / matrix[leaves, leaves]
    share = -matrix[leaves, core[parents]] * leaf_k_per_w
    reduced = matrix[np.ix_(core, core)]
    np.add.at(reduced, (parents, parents), share * matrix[leaves, core[parents]])
    inverse = np.asarray(np.linalg.inv(reduced), dtype=np.float64)
    rows = max(1, BLOCK_ELEMENTS // len(core))
    blocks = tuple(inverse[begin : begin + rows] for begin in range(0, len(core), rows))
    return Stepper(blocks, core, leaves, parents, share, leaf_k_per_w, storage, of.to_outside_w_per_k, dt_s)


def _leaves(laplacian_w_per_k: Array) -> dict[int, int]:
    """Nodes with a single neighbour, and that neighbour, which is none of them."""
    found: dict[int, int] = {}
    for node, row in enumerate(laplacian_w_per_k):
        neighbours = [int(other) for other in np.flatnonzero(row) if other != node]
        if len(neighbours) == 1 and neighbours[0] not in found:
            found[node] = neighbours[0]
    return found


def steady(of: Network, heat_w: Array, outdoor_degc: float) -> Array:
    """Node temperatures that the network settles at under constant heat and outdoor temperature."""
    return np.asarray(
        np.linalg.solve(of.laplacian_w_per_k, of.to_outside_w_per_k * outdoor_degc + heat_w), dtype=np.float64
    )
