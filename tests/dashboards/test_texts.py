"""Every text exists in both languages and is used; every text that is asked for exists."""

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from dashboards.access import Right
from dashboards.answers.site import EventAnswer
from dashboards.ports.people import Refused
from dashboards.reading import event_answer
from dashboards.shown import DECIMALS
from dashboards.words import LANGUAGES, said, texts
from models.signals import Reason
from models.units import Unit
from tests.dashboards.fake import START, site

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
PARTS = sorted({key.split(".")[0] for key in texts("nb")})
ASKED = re.compile(rf"""["'`]((?:{"|".join(PARTS)})\.[a-z_]+)["'`]""")
FAMILIES = {
    "alarm_state.": r"alarm_state\.\$\{alarm\.state",
    "alarm_act.": r"alarm_act\.\$\{verb",
    "alarm_turn.": r"alarm_turn\.\{data\.get",
    "alarm_page.figure_": r"alarm_page\.figure_\$\{name",
    "alarm_page.col_": r"alarm_page\.col_\{name",
    "alarm_mail.": r"alarm_mail\.\{notice\.about",
    "legend.": r"legend\.\{kind\}",
    "role.": r"role\.\{viewer\.role",
    "refused.": r"\{WHY\[status\]\}_title",
    "right.": r"right\.\{right\.value",
    "access.": r"access\.\{error\.why\}",
    "desk_refused.": r"desk_refused\.\{refused\.key",
    "devices.": r"devices\.\{column",
    "settings.": r"settings\.\{mode\}",
    "source.": r"source\.\{who\}",
    "takeover.cost_": r"\$\{key\}_heat",
    "asset.": r"asset\.\{asset",
    "contest.": r"contest\.\{name",
    "promotion.": r"promotion\.\{of\}",
    "audit.": r"audit\.\{data\.get",
}


def sources():
    bems = FOLDER.parent / "bems"
    mails = (bems / "alarming" / "messages.py", bems / "reports" / "mailing.py")
    files = [*mails, *FOLDER.rglob("*.py"), *(FOLDER / "static" / "js").glob("*.js")]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_both_languages_have_the_same_texts():
    assert texts("nb").keys() == texts("en").keys()


def test_no_text_is_empty():
    assert [
        (language, key) for language in LANGUAGES for key, text in texts(language).items() if not text.strip()
    ] == []


def test_every_text_that_is_asked_for_exists():
    assert set(ASKED.findall(sources())) - texts("nb").keys() == set()


def test_every_text_is_in_use():
    code = sources()
    families = tuple(start for start, pattern in FAMILIES.items() if re.search(pattern, code))
    unused = {key for key in texts("nb") if not key.startswith(families)} - set(ASKED.findall(code))
    assert unused == set()


def test_everything_that_is_refused_or_audited_has_its_words():
    assert {f"access.{why}" for why in get_args(Refused)} <= texts("nb").keys()
    assert {f"right.{right}" for right in Right} == {key for key in texts("nb") if key.startswith("right.")}
    code = "\n".join(file.read_text("utf-8") for file in (FOLDER.parent / "bems").rglob("*.py"))
    assert [key for key in texts("nb") if key.startswith("audit.") and f'"{key.split(".")[1]}"' not in code] == []


def test_both_languages_fill_in_the_same_facts():
    def facts(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    differing = {key for key in texts("nb") if facts(texts("nb")[key]) != facts(texts("en")[key])}
    assert differing == set()


def test_every_unit_has_its_decimals():
    assert DECIMALS.keys() == set(Unit)


def test_a_reason_names_devices_and_signals_as_people_do():
    reason = Reason("alarm.device_flag", {"name": "ahu_4", "signal": "filter_alarm", "tag": "=360.004-QD401"})
    assert said(site(), reason, "nb") == "Ventilasjon kjøkken og vaskeri melder: Filteralarm (=360.004-QD401)."
    assert said(site(), reason, "en") == "Ventilation kitchen and laundry reports: Filter alarm (=360.004-QD401)."


def test_a_reason_from_a_newer_record_is_shown_by_its_code():
    assert said(site(), Reason("tomorrow.unheard_of", {}), "nb") == "tomorrow.unheard_of"


@pytest.mark.parametrize(
    ("kind", "nb"),
    [
        ("start", "Systemet startet."),
        ("stop", "Systemet stoppet."),
        ("alarm_down", "Opphørt: Forbindelsen mb_heat svarer ikke; 9 punkter er uten nye verdier."),
        ("control", "Forbindelsen mb_heat svarer ikke; 9 punkter er uten nye verdier."),
        ("meter_exchange", "x: måleren ble skiftet. Den gamle sto på –, den nye på –."),
        ("never_heard_of", "its own words"),
    ],
)
def test_events_are_told_in_words(kind, nb):
    facts = (
        {"code": "alarm.connection_lost", "name": "mb_heat", "points": 9.0} if kind in ("alarm_down", "control") else {}
    )
    event = {"at": START, "kind": kind, "subject": "x", "text": "its own words", "data": facts}
    answer = event_answer(site(), event)
    assert isinstance(answer, EventAnswer)
    assert answer.text.nb == nb
