"""A report as one long table: a row a figure, and a row a cell of every table. Norwegian files open right in Excel."""

import csv
import io
from datetime import date, datetime
from typing import Final

from dashboards.reports.model import Cell, Report
from dashboards.words import Language, texts

BYTE_ORDER_MARK: Final = "\ufeff"
HEAD: Final = (
    "report.section",
    "report.figure",
    "report.remark",
    "report.value",
    "report.unit",
    "report.low",
    "report.high",
    "report.coverage",
    "report.method",
    "report.reason",
)


def write_csv(report: Report) -> bytes:
    """The file; numbers with the language's decimal sign, in full."""
    words = texts(report.language)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if report.language == "nb" else ",", lineterminator="\n")
    writer.writerow([words[name] for name in HEAD])
    for section in report.sections:
        for figure in section.figures:
            low, high = figure.interval or (None, None)
            numbers = [_cell(n, report.language) for n in (figure.value, low, high, figure.coverage)]
            writer.writerow(
                [section.title, figure.label, "", numbers[0], figure.unit, *numbers[1:], figure.method, figure.reason]
            )
        for table in section.tables:
            for row in table.rows:
                for column, cell in zip(table.columns[1:], row[1:], strict=True):
                    name = f"{_cell(row[0], report.language)}: {column.label}"
                    value = _cell(cell, report.language)
                    writer.writerow([section.title, table.title, name, value, column.unit, "", "", "", "", ""])
        for note in section.notes:
            writer.writerow([section.title, words["report.remark"], note, *[""] * 7])
    mark = BYTE_ORDER_MARK if report.language == "nb" else ""
    return (mark + out.getvalue()).encode()


def _cell(cell: Cell, language: Language) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, str):
        return cell
    text = f"{cell:.6f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "nb" else text
