"""Sections about the report itself: its figures in short, what was measured, what happened."""

from collections.abc import Sequence
from typing import Final, cast

from dashboards.access import Role, Viewer
from dashboards.discreet.unnamed import Unnamed
from dashboards.reading import event_answer, seen_events
from dashboards.reports.calc_known import Known, quotient
from dashboards.reports.energies import Energies, counter
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Column, Figure, Section, Table
from dashboards.reports.say import Say, percent
from dashboards.words import pick

WHOLE: Final = 0.999
"""From this coverage on nothing is said of gaps."""
IN_SHORT: Final = (
    "bought",
    "used",
    "used_specific",
    "heating",
    "cost",
    "peak",
    "spf_one",
    "cover",
    "made",
    "own_use",
    "greenhouse_lifetime_no",
    "water_sixty",
    "circulation",
    "cycles",
    "degree_days",
    "faults_open",
    "faults_cost",
)
"""Figures that stand on the first page, in this order, as far as there are any."""
JUDGED: Final = ("energy", "hygiene")
"""Sections whose first note is a verdict: it stands on the first page, too."""
BREAKS: Final = {
    "rollover": "report_break.rollover",
    "exchange": "report_break.exchange",
    "reset": "report_break.reset",
}
READER: Final = Viewer("report", Role.VIEWER)
"""Who reads a report may see what every viewer may, and nothing of one resident."""


def summary(found: Gathered, sections: Sequence[Section], say: Say) -> Section:
    """The figures people look for first, and whether anything is missing."""
    by_id = {figure.id: figure for section in reversed(sections) for figure in section.figures}
    figures = tuple(by_id[name] for name in IN_SHORT if name in by_id)
    verdicts = {section.id: section.notes[0] for section in sections if section.id in JUDGED and section.notes}
    notes = [verdicts[name] for name in JUDGED if name in verdicts]
    if not found.is_over:
        notes.append(say("report_note.not_over", until=say.moment(found.end)))
    lacking = [figure.label for figure in figures if figure.value is None]
    if lacking:
        notes.append(say("report_note.lacking", what=", ".join(lacking)))
    least = min((f.coverage for f in figures if f.coverage is not None and f.value is not None), default=1.0)
    key = "report_note.whole" if least >= WHOLE else "report_note.gaps"
    notes.append(say(key, share=say.number(percent(least) or 0.0, 1)))
    return Section("summary", say("report_section.summary"), figures, notes=tuple(notes))


def quality(found: Gathered, own: Energies, say: Say) -> Section:
    """What was measured of the period, and where counters did not simply go on."""
    site = found.site
    rows: list[tuple[Cell, ...]] = []
    notes = [say("report_note.equal_to_meters")]
    for meter in site.meters:
        point = counter(site, meter)
        counted = found.counted(point)
        share = counted.total.coverage
        if point is not None and (share is None or share < WHOLE or counted.in_gaps > 0):
            rows.append((say.of(meter.name), point, percent(share), counted.in_gaps))
        notes += [
            say(
                BREAKS[b.kind],
                meter=say.of(meter.name),
                at=say.moment(b.at),
                before=say.number(b.before, 1),
                after=say.number(b.after, 1),
            )
            for b in counted.breaks
        ]
    columns = say.columns(
        (
            ("report_column.meter", "", 0),
            ("report_column.counter", "", 0),
            ("report_column.coverage", "%", 1),
            ("report_column.in_gaps", "kWh", 1),
        )
    )
    tables = (Table("gaps", say("report_table.gaps"), columns, tuple(rows)),) if rows else ()
    metered = quotient(Known(own.meters.used_kwh.coverage or 0.0), Known(1.0), 100.0)
    figures: tuple[Figure, ...] = (say.figure("report_figure.metered", metered, "%", "report_method.metered", 1),)
    return Section("quality", say("report_section.quality"), figures, tables, (), tuple(notes))


def happened(found: Gathered, say: Say) -> Section:
    """Alarms and what control reported, alike ones together."""
    told = Unnamed(found.site).kept(found.events)  # whoever reads the report may know of no resident's room
    answers = seen_events([event_answer(found.site, event) for event in told], READER)
    groups: dict[str, list[object]] = {}
    for answer in answers:
        text = pick(answer.text, say.language)
        at = say.local(answer.at)
        if text in groups:
            groups[text][1] = cast("int", groups[text][1]) + 1
            groups[text][3] = at
        else:
            groups[text] = [text, 1, at, at]
    ranked = sorted(groups.values(), key=lambda row: -cast("int", row[1]))
    rows = tuple(cast("tuple[Cell, ...]", tuple(row)) for row in ranked)
    columns: tuple[Column, ...] = say.columns(
        (
            ("report_column.what", "", 0),
            ("report_column.times", "", 0),
            ("report_column.first", "", 0),
            ("report_column.last", "", 0),
        )
    )
    table = Table("events", say("report_table.events"), columns, rows)
    notes = () if rows else (say("report_note.nothing_happened"),)
    return Section("events", say("report_section.events"), (), (table,) if rows else (), (), notes)
