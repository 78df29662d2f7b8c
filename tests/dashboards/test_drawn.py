"""Plots of short periods: what has no values is not drawn but told, and one value stands on an axis people can read."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO
from math import nan
from zipfile import ZipFile

import pytest
from reportlab.platypus import Paragraph

from dashboards.reports import as_pdf
from dashboards.reports.as_html import write_html
from dashboards.reports.as_pdf import write_pdf
from dashboards.reports.as_xlsx import write_xlsx
from dashboards.reports.drawn import picture
from dashboards.reports.model import Axis, Figure, Period, PeriodKind, Plot, Report, Section, Series

DAY = date(2026, 3, 8)
SHORT = Section("short", "Kort fortalt", (Figure("energy.import", "Kjøpt", 12.0, "kWh", "Målt."),))


def plot(kind, *values, step=timedelta(days=1)):
    x = tuple(DAY + n * step for n in range(len(values)))
    return Plot("p", "Avvik uke for uke", kind, Axis("Uke"), Axis("Avvik", "kWh"), (Series("Avvik", x, values),))


def report(*plots):
    made_at, period = datetime(2026, 3, 9, 12), Period(PeriodKind.PERIOD, DAY, DAY)  # noqa: DTZ001  (local time)
    return Report("Rapport", "biri", "Biri", period, made_at, "nb", (SHORT, Section("energy", "Energi", plots=plots)))


def written(drawn):
    """Words and numbers in the picture."""
    return re.findall(r"<!-- (.+?) -->", picture(drawn, "nb", "svg").decode())


def points(drawn):
    """How many points are drawn as such, beside lines and the marks of the axes."""
    return len(re.findall(r"<use [^>]*fill: #1f4e79", picture(drawn, "nb", "svg").decode()))


def images(pdf):
    return pdf.count(b"/Subtype /Image")


def told_in_pdf(monkeypatch, made):
    """The paragraphs of the PDF."""
    said = []

    def noted(text, style):
        said.append(text)
        return Paragraph(text, style)

    with monkeypatch.context() as patch:
        patch.setattr(as_pdf, "Paragraph", noted)
        write_pdf(made)
    return said


@pytest.mark.parametrize("kind", ["line", "step"])
def test_a_single_day_stands_on_an_axis_of_its_own_day(kind):
    words = written(plot(kind, 12.0))
    assert "08.03.2026" in words
    assert not [word for word in words if re.fullmatch(r"\d\d\.(2024|2025|2027|2028)", word)]


def test_a_point_that_no_line_reaches_is_drawn_as_a_point():
    assert points(plot("line", 12.0)) == 1
    assert points(plot("line", 1.0, 2.0, None, 4.0, None, 6.0, 7.0)) == 1
    assert points(plot("line", 1.0, 2.0, 3.0)) == 0


def test_a_single_known_day_among_unknown_ones_is_named():
    assert "09.03.2026" in written(plot("line", None, 12.0, None))


def test_a_few_days_are_named_by_their_date_and_not_by_hours():
    words = written(plot("line", 1.0, 2.0, 3.0))
    assert [word for word in words if re.fullmatch(r"\d\d[.:]\d\d", word)] == ["08.03", "09.03", "10.03"]


def test_weeks_are_named_by_their_date():
    assert {"08.03", "15.03", "22.03"} <= set(written(plot("step", 1.0, 2.0, 3.0, step=timedelta(days=7))))


@pytest.mark.parametrize("values", [(None, None), (nan,), ()])
def test_a_plot_without_values_is_told_and_not_drawn(monkeypatch, values):
    made = report(plot("step", *values))
    said = "Avvik uke for uke: ikke tegnet, perioden har ingen verdier for figuren."
    html = write_html(made).decode()
    assert said in html
    assert "<svg" not in html
    assert said in told_in_pdf(monkeypatch, made)
    assert images(write_pdf(made)) == 0
    book = ZipFile(BytesIO(write_xlsx(made)))
    assert said in book.read("xl/sharedStrings.xml").decode()
    assert not [name for name in book.namelist() if "charts/" in name]


def test_a_plot_with_one_value_is_drawn_everywhere():
    made = report(plot("line", 12.0))
    assert "<svg" in write_html(made).decode()
    assert images(write_pdf(made)) >= 1
    book = ZipFile(BytesIO(write_xlsx(made)))
    assert '<c:symbol val="circle"/>' in book.read("xl/charts/chart1.xml").decode()
