"""A report as a workbook: a sheet a section, numbers as numbers, sums as formulas, plots as charts of the workbook."""

from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from dashboards.reports.model import Cell, Figure, Plot, Report, Section, Series, Table
from dashboards.reports.shown import PLAIN, cell, not_drawn
from dashboards.words import Language, texts

OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
HEAD: Final = (
    "report.figure",
    "report.value",
    "report.unit",
    "report.low",
    "report.high",
    "report.coverage",
    "report.method",
    "report.reason",
)
NAME_MOST: Final = 31
"""Characters a sheet's name may have."""
DATA_COLUMN: Final = 14
"""Where the numbers behind charts begin."""
CHART_ROWS: Final = 16
A4_PAPER: Final = 9
"""As workbooks number sizes of paper."""
DATES: Final[dict[Language, tuple[str, str]]] = {"nb": ("dd.mm.yyyy", "hh.mm"), "en": ("yyyy-mm-dd", "hh:mm")}
"""How days and times are shown."""
KINDS: Final = {"line": "line", "bar": "column", "scatter": "scatter", "step": "line"}


def write_xlsx(report: Report) -> bytes:
    """The file."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    book.set_properties({"title": report.title, "author": report.site, "created": report.made_at})
    style = _Styles(book, report.language)
    _about(book, report, style)
    taken: set[str] = set()
    for section in report.sections:
        sheet = book.add_worksheet(_sheet_name(section.title, taken))
        _Sheet(book, sheet, report, style).fill(section)
    book.close()
    return out.getvalue()


class _Styles:
    """Formats by what they are for."""

    def __init__(self, book: Any, language: Language) -> None:
        self._book, self._numbers = book, dict[tuple[int, bool], Any]()
        day, time = DATES[language]
        self.bold = book.add_format({"bold": True})
        self.title = book.add_format({"bold": True, "font_size": 14, "font_color": "#1f4e79"})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self.note = book.add_format({"italic": True, "font_color": "#666666"})
        self.date = book.add_format({"num_format": day, "align": "left"})
        self.time = book.add_format({"num_format": f"{day} {time}", "align": "left"})
        self.share = book.add_format({"num_format": "0.0 %"})

    def number(self, decimals: int, is_sum: bool = False) -> Any:
        """Thousands apart, so many decimals."""
        if (decimals, is_sum) not in self._numbers:
            pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
            rule = {"num_format": pattern} | ({"bold": True, "top": 1} if is_sum else {})
            self._numbers[decimals, is_sum] = self._book.add_format(rule)
        return self._numbers[decimals, is_sum]


def _about(book: Any, report: Report, style: _Styles) -> None:
    words, period = texts(report.language), report.period
    sheet = book.add_worksheet(words["report.about"])
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, report.title, style.title)
    sheet.write_string(2, 0, words["report.site"], style.bold)
    sheet.write_string(2, 1, report.site)
    sheet.write_string(3, 0, words["report.span"], style.bold)
    first, last = (cell(day, PLAIN, report.language) for day in (period.first, period.last))
    sheet.write_string(3, 1, words["report.days"].format(first=first, last=last, days=period.days))
    sheet.write_string(4, 0, words["report.made"].format(at="").strip(), style.bold)
    sheet.write_datetime(4, 1, report.made_at, style.time)
    _printed(sheet, report)


def _printed(sheet: Any, report: Report) -> None:
    """A4 across, as wide as one page, with a foot."""
    sheet.set_landscape()
    sheet.set_paper(A4_PAPER)
    sheet.fit_to_pages(1, 0)
    foot = f"{report.title} – {report.site}".replace("&", "&&")
    sheet.set_footer(f"&L&8{foot}&R&8" + texts(report.language)["report.page"].format(page="&P", pages="&N"))


def _sheet_name(title: str, taken: set[str]) -> str:
    short = title.partition(":")[0]  # what comes after it says more, but would be cut
    name = "".join(" " if letter in "[]*?/\\" else letter for letter in short)[:NAME_MOST]
    number = 2
    while name.casefold() in taken:
        name, number = f"{name[: NAME_MOST - 3]} {number}", number + 1
    taken.add(name.casefold())
    return name


class _Sheet:
    """Fills one sheet from above to below."""

    def __init__(self, book: Any, sheet: Any, report: Report, style: _Styles) -> None:
        self._book, self._sheet, self._words, self._style = book, sheet, texts(report.language), style
        self._report = report
        self._row, self._data_column = 0, DATA_COLUMN
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 1, 34)
        sheet.set_column(2, 8, 16)

    def fill(self, section: Section) -> None:
        """Title, figures, tables, notes, charts."""
        self._sheet.write_string(0, 0, section.title, self._style.title)
        self._row = 2
        if section.figures:
            self._figures(section.figures)
        for table in section.tables:
            self._table(table)
        for note in section.notes:
            self._sheet.write_string(self._row, 0, note, self._style.note)
            self._row += 1
        self._row += 1
        for plot in section.plots:
            if plot.is_drawn:
                self._chart(plot)
            else:
                self._sheet.write_string(self._row, 0, not_drawn(plot, self._report.language), self._style.note)
                self._row += 1
        _printed(self._sheet, self._report)
        self._sheet.print_area(0, 0, self._row, DATA_COLUMN - 1)  # numbers behind charts are not printed

    def _figures(self, figures: tuple[Figure, ...]) -> None:
        for column, key in enumerate(HEAD):
            self._sheet.write_string(self._row, column, self._words[key], self._style.head)
        for figure in figures:
            self._row += 1
            low, high = figure.interval or (None, None)
            number = self._style.number(figure.decimals)
            self._sheet.write_string(self._row, 0, figure.label)
            for column, value in ((1, figure.value), (3, low), (4, high)):
                if value is not None:
                    self._sheet.write_number(self._row, column, value, number)
            self._sheet.write_string(self._row, 2, figure.unit)
            if figure.coverage is not None:
                self._sheet.write_number(self._row, 5, figure.coverage, self._style.share)
            self._sheet.write_string(self._row, 6, figure.method)
            self._sheet.write_string(self._row, 7, figure.reason or "")
        self._row += 2

    def _table(self, table: Table) -> None:
        self._sheet.write_string(self._row, 0, table.title, self._style.bold)
        self._row += 1
        for column, of in enumerate(table.columns):
            self._sheet.write_string(
                self._row, column, f"{of.label} [{of.unit}]" if of.unit else of.label, self._style.head
            )
        first = self._row + 1
        for place, row in enumerate(table.rows):
            self._row += 1
            is_sum = table.sum_row and place == len(table.rows) - 1
            for column, value in enumerate(row):
                form = self._style.number(table.columns[column].decimals, is_sum)
                if is_sum and isinstance(value, float):
                    above = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(self._row - 1, column)}"
                    self._sheet.write_formula(self._row, column, f"=SUM({above})", form, value)
                else:
                    self._cell(self._row, column, value, form)
        self._row += 2

    def _cell(self, row: int, column: int, value: Cell, form: Any = None) -> None:
        if isinstance(value, datetime):
            self._sheet.write_datetime(row, column, value, self._style.time)
        elif isinstance(value, date):
            self._sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), self._style.date)  # noqa: DTZ001  (a cell has no zone)
        elif isinstance(value, str):
            self._sheet.write_string(row, column, value)
        elif value is not None:
            self._sheet.write_number(row, column, value, form)

    def _chart(self, plot: Plot) -> None:
        """Its numbers stand to the right, a pair of columns a series."""
        chart = self._book.add_chart(
            {"type": KINDS[plot.kind]} | ({"subtype": "stacked"} if plot.kind == "bar" else {})
        )
        for series in plot.series:
            drawn = self._series(plot, series)
            if plot.kind == "scatter" and series.kind == "line":
                drawn |= {"line": {"width": 1.5}, "marker": {"type": "none"}}
            elif plot.kind in ("line", "step") and sum(value is not None for value in series.y) == 1:
                drawn |= {"marker": {"type": "circle", "size": 5}}  # a line through one point is none
            chart.add_series(drawn)
        axes = [f"{axis.label} [{axis.unit}]" if axis.unit else axis.label for axis in (plot.x, plot.y)]
        chart.set_title({"name": plot.title, "name_font": {"size": 11}})
        dated = any(isinstance(x, date) for series in plot.series for x in series.x)
        form = {"num_format": DATES[self._report.language][0]} if dated else {}  # else days are counted from 1900
        chart.set_x_axis({"name": axes[0], "date_axis": False} | form)
        chart.set_y_axis({"name": axes[1], "major_gridlines": {"visible": True, "line": {"color": "#dddddd"}}})
        chart.set_size({"width": 760, "height": 300})
        self._sheet.insert_chart(self._row, 0, chart)
        self._row += CHART_ROWS

    def _series(self, plot: Plot, series: Series) -> dict[str, Any]:
        column = self._data_column
        self._data_column += 2
        label = f"{plot.x.label} [{plot.x.unit}]" if plot.x.unit else plot.x.label
        self._sheet.write_string(0, column, plot.title, self._style.bold)
        self._sheet.write_string(1, column, label, self._style.head)
        self._sheet.write_string(1, column + 1, series.label, self._style.head)
        for row, (x, y) in enumerate(zip(series.x, series.y, strict=True), 2):
            self._cell(row, column, x)
            self._cell(row, column + 1, y)
        name, last = self._sheet.get_name(), len(series.x) + 1
        return {
            "name": [name, 1, column + 1],
            "categories": [name, 2, column, last, column],
            "values": [name, 2, column + 1, last, column + 1],
        }
