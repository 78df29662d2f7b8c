"""A report as a PDF to be signed: A4, one column, key figures and signature on the first page."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import matplotlib as mpl
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from dashboards.reports.drawn import SIZE_IN, picture
from dashboards.reports.model import Column, Figure, Report, Section, Table
from dashboards.reports.shown import PLAIN, beneath, cell, coverage_of, heading, is_number, not_drawn, value_of
from dashboards.words import texts

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
INK, QUIET, RULE, TINT = HexColor("#1b1b1b"), HexColor("#666666"), HexColor("#bbbbbb"), HexColor("#f1f4f8")
DEEP: Final = HexColor("#1f4e79")
MARGIN: Final = 20 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
LEAST_ROWS: Final = 3
"""Of a table, that stand together at the foot and at the head of a page."""
CARDS: Final = 3
"""Key figures side by side."""
INCH: Final = 72.0

TITLE: Final = ParagraphStyle("title", fontName=BOLD, fontSize=20, leading=25, textColor=DEEP)
UNDER: Final = ParagraphStyle("under", fontName=REGULAR, fontSize=9.5, leading=13, textColor=QUIET)
HEADING: Final = ParagraphStyle("heading", fontName=BOLD, fontSize=13, leading=17, textColor=DEEP, spaceAfter=5)
SUB: Final = ParagraphStyle("sub", fontName=BOLD, fontSize=9, leading=12, textColor=INK, spaceBefore=9, spaceAfter=3)
TEXT: Final = ParagraphStyle("text", fontName=REGULAR, fontSize=8.5, leading=12, textColor=INK, spaceBefore=3)
LABEL: Final = ParagraphStyle("label", fontName=REGULAR, fontSize=8.5, leading=10.5, textColor=INK)
SMALL: Final = ParagraphStyle("small", fontName=REGULAR, fontSize=6.6, leading=8.2, textColor=QUIET)
RIGHT: Final = ParagraphStyle("right", parent=LABEL, alignment=2)
BIG: Final = ParagraphStyle("big", fontName=BOLD, fontSize=13, leading=16, textColor=INK)
CELL: Final = ParagraphStyle("cell", fontName=REGULAR, fontSize=7.2, leading=8.8, textColor=INK)
CELL_RIGHT: Final = ParagraphStyle("cell right", parent=CELL, alignment=2)
HEAD: Final = ParagraphStyle("head", parent=CELL, fontName=BOLD, textColor=QUIET)
HEAD_RIGHT: Final = ParagraphStyle("head right", parent=HEAD, alignment=2)


def write_pdf(report: Report) -> bytes:
    """The file."""
    rl_config.useA85 = 0  # bytes as they are: pictures written as text take a quarter more room, and time
    _fonts()
    out = BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=24 * mm,
        bottomMargin=20 * mm,
        title=f"{report.title} – {report.site}",
        author=report.site,
        subject=report.period.id,
        creator="bems",
        lang=report.language,
        invariant=1,
    )
    frame = Frame(document.leftMargin, document.bottomMargin, document.width, document.height, 0, 0, 0, 0, id="body")
    document.addPageTemplates([PageTemplate(id="page", frames=[frame])])
    story: list[Flowable] = [*_first_page(report)]
    for section in report.sections[1:]:
        story += _section(report, section)
    document.build(story, canvasmaker=lambda *args, **kwargs: _Pages(report, *args, **kwargs))
    return out.getvalue()


def _fonts() -> None:
    if REGULAR in pdfmetrics.getRegisteredFontNames():
        return
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


class _Pages(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Draws head and foot when the number of pages is known."""

    def __init__(self, report: Report, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._report, self._states = report, list[dict[str, Any]]()

    def showPage(self) -> None:  # noqa: N802  (reportlab's name)
        """Keep the page until the last one is known."""
        self._states.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Draw them all."""
        states = self._states
        for place, state in enumerate(states, 1):
            self.__dict__.update(state)
            self._frame(place, len(states))
            super().showPage()
        super().save()

    def _frame(self, page: int, pages: int) -> None:
        report, words = self._report, texts(self._report.language)
        self.setFont(REGULAR, 7.5)
        self.setFillColor(QUIET)
        self.setStrokeColor(RULE)
        self.setLineWidth(0.5)
        if page > 1:
            self.drawString(MARGIN, A4[1] - 15 * mm, report.site)
            self.drawRightString(A4[0] - MARGIN, A4[1] - 15 * mm, report.title)
            self.line(MARGIN, A4[1] - 17 * mm, A4[0] - MARGIN, A4[1] - 17 * mm)
        self.line(MARGIN, 15 * mm, A4[0] - MARGIN, 15 * mm)
        self.drawString(MARGIN, 11 * mm, words["report.made"].format(at=cell(report.made_at, PLAIN, report.language)))
        self.drawRightString(A4[0] - MARGIN, 11 * mm, words["report.page"].format(page=page, pages=pages))


def _first_page(report: Report) -> list[Flowable]:
    words, period, short = texts(report.language), report.period, report.sections[0]
    first, last = (cell(day, PLAIN, report.language) for day in (period.first, period.last))
    span = words["report.days"].format(first=first, last=last, days=period.days)
    cards: list[object] = [_card(report, figure) for figure in short.figures]
    cards += [""] * (-len(cards) % CARDS)
    rows = [cards[n : n + CARDS] for n in range(0, len(cards), CARDS)]
    grid = Grid(rows, colWidths=[WIDTH / CARDS] * CARDS)
    grid.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), TINT),
                ("INNERGRID", (0, 0), (-1, -1), 3, HexColor("#ffffff")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 8),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return [
        Paragraph(escape(report.site), UNDER),
        Paragraph(escape(report.title), TITLE),
        Paragraph(escape(span), UNDER),
        Spacer(0, 6 * mm),
        grid,
        Spacer(0, 3 * mm),
        *(Paragraph(escape(note), TEXT) for note in short.notes),
        Spacer(0, 5 * mm),
        Paragraph(escape(words["report.contents"]), SUB),
        Paragraph(escape(" · ".join(section.title for section in report.sections[1:])), TEXT),
        Spacer(0, 12 * mm),
        _signature(report),
        PageBreak(),
    ]


def _card(report: Report, figure: Figure) -> list[Flowable]:
    value, unit = value_of(figure, report.language), escape(figure.unit)
    number = f'{value} <font name="{REGULAR}" size="9">{unit if figure.value is not None else ""}</font>'
    coverage = coverage_of(figure, report.language)
    under = figure.reason or (f"{texts(report.language)['report.coverage']} {coverage}" if coverage else "")
    return [Paragraph(escape(figure.label), SMALL), Paragraph(number, BIG), Paragraph(escape(under), SMALL)]


def _signature(report: Report) -> Flowable:
    words = texts(report.language)
    names = [words[key] for key in ("report.place", "report.name", "report.signature")]
    grid = Grid(
        [
            [Paragraph(escape(words["report.signed"]), LABEL), "", ""],
            ["", "", ""],
            [Paragraph(n, SMALL) for n in names],
        ],
        colWidths=[WIDTH / 3] * 3,
        rowHeights=[None, 14 * mm, None],
    )
    lines = [("LINEBELOW", (n, 1), (n, 1), 0.7, INK) for n in range(3)]
    style = [("SPAN", (0, 0), (-1, 0)), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 10)]
    grid.setStyle(TableStyle([*style, *lines]))
    return KeepTogether([grid])


def _section(report: Report, section: Section) -> list[Flowable]:
    story: list[Flowable] = [CondPageBreak(60 * mm), Spacer(0, 4 * mm), Paragraph(escape(section.title), HEADING)]
    if section.figures:
        story.append(_figures(report, section.figures))
    for plot in section.plots:
        if not plot.is_drawn:
            story.append(Paragraph(escape(not_drawn(plot, report.language)), TEXT))
            continue
        width, height = SIZE_IN
        image = Image(BytesIO(picture(plot, report.language, "png")), WIDTH, WIDTH * height / width)
        story.append(KeepTogether([Paragraph(escape(plot.title), SUB), image]))
    for table in section.tables:
        story += _table(report, table)
    story += [Paragraph(escape(note), TEXT) for note in section.notes]
    return story


def _figures(report: Report, figures: Sequence[Figure]) -> Flowable:
    words, language = texts(report.language), report.language
    head = [
        Paragraph(escape(words["report.figure"]), HEAD),
        Paragraph(escape(words["report.value"]), HEAD_RIGHT),
        Paragraph(escape(words["report.unit"]), HEAD),
        Paragraph(escape(words["report.coverage"]), HEAD_RIGHT),
    ]
    rows = [
        [
            [Paragraph(escape(figure.label), LABEL), Paragraph(escape(beneath(figure, language)), SMALL)],
            Paragraph(value_of(figure, language), RIGHT),
            Paragraph(escape(figure.unit), LABEL),
            Paragraph(coverage_of(figure, language), RIGHT),
        ]
        for figure in figures
    ]
    grid = Grid([head, *rows], colWidths=[WIDTH - 72 * mm, 28 * mm, 24 * mm, 20 * mm], repeatRows=1)
    grid.setStyle(_ruled(len(rows)))
    return grid


def _table(report: Report, table: Table) -> list[Flowable]:
    language = report.language
    title = Paragraph(escape(table.title), SUB)
    if not table.rows:
        return [KeepTogether([title, Paragraph(escape(texts(language)["report.no_rows"]), TEXT)])]
    right = [all(is_number(row[n]) for row in table.rows) for n in range(len(table.columns))]
    head = [
        Paragraph(escape(heading(column)), HEAD_RIGHT if right[n] else HEAD) for n, column in enumerate(table.columns)
    ]
    rows = [
        [
            Paragraph(escape(cell(value, column, language)), CELL_RIGHT if right[n] else CELL)
            for n, (value, column) in enumerate(zip(row, table.columns, strict=True))
        ]
        for row in table.rows
    ]
    grid = Grid([head, *rows], colWidths=_widths(table, right), repeatRows=1)
    grid.setStyle(_ruled(len(rows), table.sum_row))
    few = len(rows) <= 20
    return [KeepTogether([title, grid])] if few else [title, grid]


def _widths(table: Table, right: Sequence[bool]) -> list[float]:
    """Columns of words share what columns of numbers leave, by how much they hold; none is narrower than a word of its
    heading, and the first one never narrow.
    """
    usual = min(19 * mm, 0.7 * WIDTH / max(sum(right), 1)) if any(right) else 0.0
    widths = [max(usual, _longest_word(column)) for column in table.columns]
    left = WIDTH - sum(width for width, is_right in zip(widths, right, strict=True) if is_right)
    holds = {
        n: max(12.0, *(min(len(str(row[n])), 60) for row in table.rows)) + (6 if n == 0 else 0)
        for n, is_right in enumerate(right)
        if not is_right
    }
    whole = sum(holds.values()) or 1.0
    if not holds:
        return [WIDTH / len(right)] * len(right)
    least = [_longest_word(column) for column in table.columns]
    spare = left - sum(least[n] for n in holds)
    if spare < 0:
        return [widths[n] if is_right else left * holds[n] / whole for n, is_right in enumerate(right)]
    return [widths[n] if is_right else least[n] + spare * holds[n] / whole for n, is_right in enumerate(right)]


def _longest_word(column: Column) -> float:
    """So that no heading is broken within a word."""
    words = heading(column).split()
    return max((stringWidth(word, BOLD, HEAD.fontSize) for word in words), default=0.0) + 7


def _ruled(rows: int, sum_row: bool = False) -> TableStyle:
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, QUIET),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
    ]
    # Neither the first rows alone under their heading, nor the last ones alone on the next page.
    style += [
        ("NOSPLIT", (0, 0), (-1, min(LEAST_ROWS, rows))),
        ("NOSPLIT", (0, max(rows - LEAST_ROWS + 1, 0)), (-1, -1)),
    ]
    if sum_row:
        style += [("LINEABOVE", (0, rows), (-1, rows), 0.8, QUIET), ("BACKGROUND", (0, rows), (-1, rows), TINT)]
    return TableStyle(style)
