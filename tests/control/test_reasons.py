"""Every code has its sentences, and every one is given somewhere."""

import re
from pathlib import Path

import pytest

from models.reasons import Code, because, facts_of, sentence, texts
from models.signals import Reason

ROOT = Path(__file__).parents[2]


def test_every_code_has_a_sentence_in_both_languages_and_nothing_else_has():
    assert set(texts()) == set(Code)
    assert all(text.nb and text.en and text.nb != text.en for text in texts().values())


@pytest.mark.parametrize("code", Code)
def test_both_languages_tell_the_same_facts(code):
    text = texts()[code]
    assert set(re.findall(r"{(\w+)}", text.nb)) == set(re.findall(r"{(\w+)}", text.en)) == facts_of(code)


def test_every_code_is_given_by_control_or_the_loop():
    source = "".join(path.read_text("utf-8") for part in ("control", "bems") for path in (ROOT / part).rglob("*.py"))
    assert {code.name for code in Code if f"Code.{code.name}" not in source and code.value not in source} == set()


def test_numbers_are_written_as_people_of_that_language_write_them():
    reason = because(Code.ROOM_OWN, setpoint_degc=21.54)
    assert "21,5 °C" in sentence(reason, "nb")
    assert "21.5 °C" in sentence(reason, "en")
    assert "21 °C" in sentence(because(Code.ROOM_OWN, setpoint_degc=21.0), "en")
    assert " 0 °C" in sentence(because(Code.ROOM_OWN, setpoint_degc=-0.01), "en")


def test_an_unknown_fact_is_a_dash_and_an_unknown_code_speaks_for_itself():
    assert "–" in sentence(because(Code.BLINDS_WIND, wind_m_per_s=None), "nb")
    assert sentence(Reason("from.the.future"), "nb") == "from.the.future"
