"""What somebody is told of alarms: subject and text of a message, and the same as JSON for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bems.alarming.alarms import Condition
from bems.alarming.board import Board, Entry
from bems.alarming.calls import Notice
from bems.alarming.fold import RANK, Sheets
from bems.alarming.groups import groups
from dashboards.words import Language, pick, said, said_in_both, texts
from models.field import Privacy
from models.profile import Text
from models.site import Site

MOST: Final = 12
"""Alarms that one message describes; the others are counted."""
LONGEST_SUBJECT: Final = 120


@dataclass(frozen=True, slots=True)
class Message:
    """For one recipient."""

    subject: str
    text: str
    facts: dict[str, Any]
    """For programs."""


class Writer:
    """Of one site's messages. What tells about one resident stays in the house."""

    def __init__(self, site: Site, sheets: Sheets) -> None:
        self._site, self._sheets = site, sheets
        self._personal = frozenset(p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL)

    def message(self, board: Board, notices: Sequence[Notice], language: Language) -> Message:
        """One message of all that one recipient is to hear, the most urgent first; an alarm comes once."""
        ordered = sorted(notices, key=lambda n: (n.about == "over", RANK[n.condition.severity], n.begun))
        by_alarm = {notice.condition.id: notice for notice in reversed(ordered)}
        ordered = [notice for notice in ordered if by_alarm[notice.condition.id] is notice]
        shown, flood = ordered, ""
        words = texts(language)
        if board.flood is not None:
            shown = self._causes(board, ordered)
            flood = words["alarm_mail.flood"].format(number=len(board.recent)) + "\n\n"
        parts = [self._part(board, notice, language) for notice in shown[:MOST]]
        rest = len(ordered) - min(len(shown), MOST)
        tail = [words["alarm_mail.more"].format(number=rest)] if rest else []
        text = (
            flood + "\n\n".join([*parts, *tail]) + "\n\n" + words["alarm_mail.sign"].format(site=self._name(language))
        )
        return Message(self._subject(shown[0], len(ordered), language), text, self._facts(board, ordered))

    def _causes(self, board: Board, notices: Sequence[Notice]) -> list[Notice]:
        """One for every cause."""
        wanted = {notice.condition.id: notice for notice in notices}
        entries = [board.entries[key] for key in wanted if key in board.entries]
        firsts = [wanted[group.first.condition.id] for group in groups(board, self._sheets, entries)]
        return [*firsts, *(notice for key, notice in wanted.items() if key not in board.entries)]

    def _name(self, language: Language) -> str:
        return pick(self._site.name, language)

    def _subject(self, first: Notice, number: int, language: Language) -> str:
        words = texts(language)
        about = words[f"alarm_mail.subject_{first.about}"].format(severity=first.condition.severity)
        more = words["alarm_mail.and_more"].format(number=number - 1) if number > 1 else ""
        line = f"{about} {self._name(language)}: {self.said(first.condition, language)}"
        return line[: LONGEST_SUBJECT - len(more)].rstrip(". ") + more

    def said(self, condition: Condition, language: Language) -> str:
        """The alarm in words; of one about a resident only that there is one."""
        if self._is_personal(condition):
            return texts(language)["alarm_mail.personal"]
        return said(self._site, condition.text, language)

    def _is_personal(self, condition: Condition) -> bool:
        facts = condition.text.facts
        named = (condition.point, condition.id, f"{facts.get('name')}.{facts.get('signal')}")
        return any(point in str(name) for name in named for point in self._personal)

    def _part(self, board: Board, notice: Notice, language: Language) -> str:
        words = texts(language)
        condition = notice.condition
        when = notice.begun.astimezone(self._site.zone_info).strftime("%d.%m.%Y %H:%M")
        head = words[f"alarm_mail.{notice.about}"].format(who=notice.who or "", severity=condition.severity, time=when)
        lines = [f"{head}\n{self.said(condition, language)}"]
        if notice.about in ("raised", "again"):
            sheet = self._sheets.of(condition)
            steps = [f"  {number}. {pick(step, language)}" for number, step in enumerate(sheet.steps, 1)]
            minutes = sheet.respond_min
            time = f"{minutes:g} min" if minutes < 120 else f"{minutes / 60:.0f} {words['alarm_mail.hours']}"
            lines += [
                f"{words['alarm.cause']}: {pick(sheet.cause, language)}",
                f"{words['alarm.consequence']}: {pick(sheet.consequence, language)}",
                f"{words['alarm.steps']} ({words['alarm.respond']}: {time}):",
                *steps,
            ]
            explained = sum(entry.suppressed_by == condition.id for entry in board.entries.values())
            if explained:
                lines.append(words["alarm_mail.explains"].format(number=explained))
        return "\n".join(lines)

    def _facts(self, board: Board, notices: Iterable[Notice]) -> dict[str, Any]:
        return {
            "site": self._site.id,
            "flood": board.flood is not None,
            "alarms": [self._alarm(notice, board.entries.get(notice.condition.id)) for notice in notices],
        }

    def _alarm(self, notice: Notice, entry: Entry | None) -> dict[str, Any]:
        condition, sheet = notice.condition, self._sheets.of(notice.condition)
        personal = self._is_personal(condition)
        hidden = Text(nb=self.said(condition, "nb"), en=self.said(condition, "en"))
        return {
            "id": None if personal else condition.id,
            "about": notice.about,
            "severity": condition.severity,
            "since": notice.begun.isoformat(),
            "state": "normal" if entry is None else entry.state.value,
            "step": notice.step,
            "text": (hidden if personal else said_in_both(self._site, condition.text)).model_dump(),
            "cause": sheet.cause.model_dump(),
            "consequence": sheet.consequence.model_dump(),
            "steps": [step.model_dump() for step in sheet.steps],
            "respond_min": sheet.respond_min,
        }
