"""`bems influx`: what people are told about the feed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bems.cli import main
from bems.history.record import Record
from bems.publish.influx import KEY, RESEND_FILE
from bems.publish.progress import Aside, Progress
from models.signals import Sample

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    file = tmp_path / "site.toml"
    text = (ROOT / "site.example.toml").read_text("utf-8")
    file.write_text(
        text + '\n[influx]\nurl = "http://127.0.0.1:1"\nbucket = "house"\ntoken_env = "NO_TOKEN"\n', "utf-8"
    )
    return file


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    with Record.open(folder / "record.sqlite") as record:
        record.append_tick([Sample("hp.supply_temp_degc", START, 35.0)])
    return folder


def test_the_status_of_a_feed_that_has_not_begun(site, data, capsys):
    assert main(["influx", "status", str(site), "--data", str(data)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "to http://127.0.0.1:1, bucket house: 0 samples sent",
        "waiting: everything from 2026-01-05 13:00:00 on",
        "refused and set aside: 0",
    ]


def test_the_status_of_a_feed_in_trouble(site, data, capsys):
    aside = Aside("hp.supply_temp_degc", START.isoformat(), 35.0, "answers 400: field type conflict", START.isoformat())
    progress = Progress(
        "http://127.0.0.1:1  house", 1, START.isoformat(), 41, 7, 1, (aside,), {}, "answers 401: no", START.isoformat()
    )
    with Record.open(data / "record.sqlite") as record:
        record.save_state(KEY, progress.as_state())
    assert main(["influx", "status", str(site), "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "to http://127.0.0.1:1, bucket house: 41 samples sent",
        "newest sample sent: 2026-01-05 13:00:00",
        "waiting: nothing",
        "in the way since 2026-01-05 13:00:00: it answers 401: no",
        "not sent, older than 90 days: 7",
        "refused and set aside: 1",
        "  2026-01-05 13:00:00  hp.supply_temp_degc = 35: answers 400: field type conflict",
    ]


def test_an_order_to_send_again_in_local_time(site, data, capsys):
    assert main(["influx", "resend", str(site), "--data", str(data), "--from", "2026-01-05"]) == 0
    assert json.loads((data / RESEND_FILE).read_text("utf-8")) == {"from": "2026-01-04T23:00:00+00:00"}
    assert "from 2026-01-05 00:00:00 on is sent again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["resend", "--from", "tomorrow"], 2, "is no time such as"),
        (["resend", "--from", "2026-01-05", "--data", "nowhere"], 1, "no record in nowhere"),
        (["status", "--data", "nowhere"], 1, "cannot be opened"),
        (["setup"], 1, "gives no answer"),
    ],
)
def test_what_cannot_be_done_is_said(site, data, capsys, words, code, said):
    data_words = [] if "--data" in words or words == ["setup"] else ["--data", str(data)]
    assert main(["influx", words[0], str(site), *words[1:], *data_words]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["setup"], ["status"], ["resend", "--from", "2026-01-05"]])
def test_a_site_without_the_section_is_told_where_to_read(capsys, verb):
    assert main(["influx", verb[0], str(ROOT / "site.example.toml"), *verb[1:]]) == 2
    assert "no section [influx]" in capsys.readouterr().err
