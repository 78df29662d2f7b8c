"""Affine expressions, one per step, written with the arithmetic of arrays: what problems are stated in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Operand = Union["Expr", float, Array]


@dataclass(frozen=True, slots=True)
class Expr:
    """`size` affine expressions: const + the entries (row, column of the problem, value). Never changed in place."""

    size: int
    row: Index
    col: Index
    val: Array
    const: Array

    __array_ufunc__ = None  # numpy arrays leave `array * expr` to us

    def __add__(self, other: Operand) -> "Expr":
        if not isinstance(other, Expr):
            size = max(self.size, np.size(other))
            spread = self._spread(size)
            return Expr(size, spread.row, spread.col, spread.val, spread.const + other)
        size = max(self.size, other.size)
        a, b = self._spread(size), other._spread(size)
        row, col = np.concatenate((a.row, b.row)), np.concatenate((a.col, b.col))
        return Expr(size, row, col, np.concatenate((a.val, b.val)), a.const + b.const)

    def __mul__(self, factor: float | Array) -> "Expr":
        weight = np.broadcast_to(np.asarray(factor, dtype=np.float64), (max(self.size, np.size(factor)),))
        a = self._spread(len(weight))
        return Expr(a.size, a.row, a.col, a.val * weight[a.row], a.const * weight)

    def __neg__(self) -> "Expr":
        return self * -1.0

    def __sub__(self, other: Operand) -> "Expr":
        return self + (-other)

    def __rsub__(self, other: float | Array) -> "Expr":
        return -self + other

    def __truediv__(self, divisor: float | Array) -> "Expr":
        return self * (1.0 / np.asarray(divisor, dtype=np.float64))

    __radd__ = __add__
    __rmul__ = __mul__

    def __getitem__(self, part: slice | NDArray[np.bool_] | Index) -> "Expr":
        """The expressions chosen, in that order, any of them more than once."""
        kept = np.arange(self.size)[part]
        order = np.argsort(self.row, kind="stable")
        sorted_row = self.row[order]
        first, last = np.searchsorted(sorted_row, kept), np.searchsorted(sorted_row, kept, "right")
        counts = last - first
        taken = order[np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)]
        row = np.repeat(np.arange(len(kept)), counts)
        return Expr(len(kept), row, self.col[taken], self.val[taken], self.const[kept])

    def prev(self, first: float) -> "Expr":
        """Each step's value one step earlier; `first` stands before the first step."""
        there = self.row < self.size - 1
        const = np.concatenate(([first], self.const[:-1]))
        return Expr(self.size, self.row[there] + 1, self.col[there], self.val[there], const)

    def by(self, group: Index, count: int) -> "Expr":
        """Sums over groups: `group[i]` in 0..count-1 says where expression i belongs."""
        const = np.bincount(group, weights=self.const, minlength=count).astype(np.float64)
        return Expr(count, group[self.row], self.col, self.val, const)

    def sum(self) -> "Expr":
        """All of them added up, one expression."""
        return self.by(np.zeros(self.size, dtype=np.int64), 1)

    def equals(self, other: Operand) -> "Rows":
        """State that both sides are equal."""
        return Rows(self - other, equal=True)

    def __le__(self, other: Operand) -> "Rows":
        return Rows(self - other, equal=False)

    def __ge__(self, other: Operand) -> "Rows":
        return Rows(other - self, equal=False)

    def _spread(self, size: int) -> "Expr":
        if self.size == size:
            return self
        if self.size != 1:
            raise ValueError(f"blocks of {self.size} and {size} do not fit together")
        row = np.repeat(np.arange(size), len(self.col))
        return Expr(size, row, np.tile(self.col, size), np.tile(self.val, size), np.repeat(self.const, size))


@dataclass(frozen=True, slots=True)
class Rows:
    """`expr = 0` or `expr <= 0`."""

    expr: Expr
    equal: bool


def zeros(size: int) -> Expr:
    """An expression that is nothing."""
    nothing = np.zeros(0, dtype=np.int64)
    return Expr(size, nothing, nothing, np.zeros(0), np.zeros(size))


def total(parts: Sequence[Operand], size: int) -> Expr:
    """The parts added up; none give zero."""
    result = zeros(size)
    for part in parts:
        result = result + part
    return result
