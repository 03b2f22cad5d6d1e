"""Figures side by side: a table for people, and all of it as JSON. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured, with all its values; none where it could not be."""

    name: str
    unit: str
    appliance: Sequence[float]
    bare: Sequence[float]

    @property
    def ratio(self) -> float | None:
        """Of the medians."""
        if not self.appliance or not self.bare or not statistics.median(self.bare):
            return None
        return statistics.median(self.appliance) / statistics.median(self.bare)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    title: str
    rows: Sequence[Row]
    notes: Sequence[str]
    raw: dict[str, Any]

    def text(self) -> str:
        """The table: medians, and in brackets the least and the greatest."""
        cells = [["", "", "appliance", "bare aiortc", "ratio"]]
        for row in self.rows:
            ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
            cells.append([row.name, row.unit, _spread(row.appliance), _spread(row.bare), ratio])
        return "\n".join([self.title, "", *aligned(cells, left=2), "", *self.notes])

    def figures(self) -> dict[str, Any]:
        rows = [
            {
                "name": row.name,
                "unit": row.unit,
                "appliance": _median(row.appliance),
                "bare": _median(row.bare),
                "ratio": row.ratio,
            }
            for row in self.rows
        ]
        return {"title": self.title, "rows": rows, "notes": list(self.notes), **self.raw}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One whose columns are its own."""

    title: str
    rows: Sequence[Sequence[str]]
    """The first has the names of the columns."""
    notes: Sequence[str]
    raw: dict[str, Any]
    left: int = 1
    """So many columns hold text."""

    def text(self) -> str:
        return "\n".join([self.title, "", *aligned(self.rows, left=self.left), "", *self.notes])

    def figures(self) -> dict[str, Any]:
        names, *rows = self.rows
        named = [dict(zip(names, row, strict=True)) for row in rows]
        return {"title": self.title, "rows": named, "notes": list(self.notes), **self.raw}


def aligned(cells: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Lines of columns as wide as they must be, of which the first *left* begin at the left."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            text.ljust(width) if column < left else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    middle = f"{statistics.median(values):.1f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.1f} to {max(values):.1f})"
