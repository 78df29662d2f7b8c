"""A report as one HTML file that needs nothing else: pictures are in it."""

from dashboards.markup import Markup, el
from dashboards.reports.drawn import picture
from dashboards.reports.model import Figure, Plot, Report, Section, Table
from dashboards.reports.shown import PLAIN, beneath, cell, coverage_of, heading, is_number, not_drawn, value_of
from dashboards.words import texts

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1,h2{color:#1f4e79;line-height:1.2}h2{margin-top:2.5rem}h3{margin-bottom:.3rem;font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.87rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
th{border-bottom-color:#888}.n{text-align:right}.sum td{border-top:2px solid #888;background:#f1f4f8}
small{display:block;color:#666}.scroll{overflow-x:auto}svg{max-width:100%;height:auto}
@media print{h2{break-after:avoid}tr,figure{break-inside:avoid}}
"""


def write_html(report: Report) -> bytes:
    """The file."""
    words, period = texts(report.language), report.period
    first, last, at = (cell(when, PLAIN, report.language) for when in (period.first, period.last, report.made_at))
    span = words["report.days"].format(first=first, last=last, days=period.days)
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        el("title", None, f"{report.title} – {report.site}"),
        el("style", None, Markup(STYLE)),
    )
    body = el(
        "body",
        None,
        el("h1", None, report.title),
        el("p", None, f"{report.site}. {span}. ", words["report.made"].format(at=at)),
        *(_section(report, section) for section in report.sections),
    )
    return ("<!doctype html>" + el("html", {"lang": report.language}, head, body)).encode()


def _section(report: Report, section: Section) -> Markup:
    return el(
        "section",
        {"id": section.id},
        el("h2", None, section.title),
        _figures(report, section.figures) if section.figures else "",
        *(_plot(report, plot) for plot in section.plots),
        *(_table(report, table) for table in section.tables),
        *(el("p", None, note) for note in section.notes),
    )


def _figures(report: Report, figures: tuple[Figure, ...]) -> Markup:
    words = texts(report.language)
    head = [words[key] for key in ("report.figure", "report.value", "report.unit", "report.coverage")]
    rows = [
        el(
            "tr",
            None,
            el("td", None, figure.label, el("small", None, beneath(figure, report.language))),
            el("td", {"class": "n"}, value_of(figure, report.language)),
            el("td", None, figure.unit),
            el("td", {"class": "n"}, coverage_of(figure, report.language)),
        )
        for figure in figures
    ]
    return _grid([el("th", {"scope": "col"}, name) for name in head], rows)


def _table(report: Report, table: Table) -> Markup:
    rows = [
        el(
            "tr",
            {"class": "sum" if table.sum_row and place == len(table.rows) - 1 else None},
            *(
                el("td", {"class": "n" if is_number(value) else None}, cell(value, column, report.language))
                for value, column in zip(row, table.columns, strict=True)
            ),
        )
        for place, row in enumerate(table.rows)
    ]
    heads = [el("th", {"scope": "col"}, heading(column)) for column in table.columns]
    below = _grid(heads, rows) if rows else el("p", None, texts(report.language)["report.no_rows"])
    return Markup(el("h3", None, table.title) + below)


def _grid(heads: list[Markup], rows: list[Markup]) -> Markup:
    return el(
        "div",
        {"class": "scroll"},
        el("table", None, el("thead", None, el("tr", None, *heads)), el("tbody", None, *rows)),
    )


def _plot(report: Report, plot: Plot) -> Markup:
    if not plot.is_drawn:
        return el("p", None, not_drawn(plot, report.language))
    drawn = picture(plot, report.language, "svg").decode()
    shown = Markup(drawn[drawn.index("<svg") :])
    return el("figure", {"role": "img", "aria-label": plot.title}, el("h3", None, plot.title), shown)
