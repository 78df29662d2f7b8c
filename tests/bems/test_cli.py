"""The command line as a stranger meets it: exit codes, words, and the schema that editors use."""

import datetime as dt
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from bems.cli import main

ROOT = Path(__file__).resolve().parents[2]
FILES = ("site.biri.toml", "site.example.toml")
VERBS = ("demo", "run", "check", "read", "sim", "backtest", "schema")


def as_json(value):
    """Parsed TOML as an editor hands it to a schema: dates and times are text."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((ROOT / "docs/site.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", FILES)
def test_a_sound_site_is_summed_up_in_one_line(name, capsys):
    assert main(["check", str(ROOT / name)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    (line,) = said.out.splitlines()
    assert line.startswith(f"{ROOT / name}: sound. ")
    assert "points (" in line


def test_a_wrong_site_ends_with_two_after_telling_every_fault(tmp_path, capsys):
    file = tmp_path / "house.toml"
    text = (ROOT / "site.example.toml").read_text("utf-8")
    file.write_text(text.replace('"thermia_mega"', '"thermia_giga"').replace("residents", "resident"), "utf-8")
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    *faults, empty, last = said.err.splitlines()
    assert [fault.split(": ")[:3] for fault in faults] == [
        [str(file), "residents", "(missing)"],
        [str(file), "resident", "0"],
        [str(file), "devices[0 hp].profile", "'thermia_giga'"],
    ]
    assert (empty, last) == ("", f"3 faults in {file}; nothing was started.")


def test_one_fault_is_not_called_faults(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere.toml")]) == 2
    assert "\n1 fault in " in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "read", "sim"])
def test_no_verb_starts_with_a_wrong_site(verb, tmp_path, capsys):
    file = tmp_path / "house.toml"
    file.write_text("schema_version = 1\n", "utf-8")
    assert main([verb, str(file)]) == 2
    assert "nothing was started" in capsys.readouterr().err


def test_golden_words_that_do_not_hold_are_faults_of_the_site(tmp_path, capsys):
    meter = (ROOT / "models/profiles/carlo_gavazzi_em340.toml").read_text("utf-8")
    assert 'word_order = "little"' in meter
    (tmp_path / "own_meter.toml").write_text(meter.replace('word_order = "little"', 'word_order = "big"'), "utf-8")
    text = (ROOT / "site.example.toml").read_text("utf-8").replace('"carlo_gavazzi_em340"', '"own_meter"')
    file = tmp_path / "house.toml"
    file.write_text(text.replace("residents", 'profile_folder = "."\nresidents', 1), "utf-8")
    assert main(["check", str(file)]) == 2
    assert f"{file}: profile own_meter: " in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: bems {verb} ")
    assert "%(default)s" not in said


def test_the_verbs_are_listed_with_what_they_do(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert {words[0] for words in listed} >= set(VERBS)
    assert all(len(words) == 2 for words in listed)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "the following arguments are required: VERB"),
        (["chekc", "x"], "invalid choice: 'chekc'"),
        (["sim", "site.toml", "--speed", "fast"], "'fast' is not a number within 0.1 .. 600"),
        (["sim", "site.toml", "--speed", "nan"], "'nan' is not a number within 0.1 .. 600"),
        (["demo", "--port", "http"], "'http' is not a port within 0 .. 65535"),
        (["demo", "--port", "70000"], "'70000' is not a port within 0 .. 65535"),
        (["check", "site.toml", "more"], "unrecognized arguments: more"),
    ],
)
def test_a_wrong_word_is_named(words, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_wrong_port_in_the_environment_is_no_concern_of_other_verbs(monkeypatch, capsys):
    monkeypatch.setenv("PORT", "http")
    assert main(["check", str(ROOT / "site.example.toml")]) == 0
    with pytest.raises(SystemExit):
        main(["demo"])
    assert "'http' is not a port" in capsys.readouterr().err


def test_the_schema_in_the_documents_is_up_to_date(capsys):
    assert main(["schema"]) == 0
    written = (ROOT / "docs/site.schema.json").read_text("utf-8")
    assert written == capsys.readouterr().out, "run: .venv/bin/bems schema > docs/site.schema.json"


@pytest.mark.parametrize("name", FILES)
def test_the_schema_accepts_the_site_files(name, validator):
    site = as_json(tomllib.loads((ROOT / name).read_text("utf-8")))
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(site)] == []


def test_the_schema_refuses_what_the_check_refuses(validator):
    site = as_json(tomllib.loads((ROOT / "site.example.toml").read_text("utf-8")))
    site["zones"][0] |= {"colour": "yellow", "area_m2": -1}
    site["connections"][0]["protocol"] = "knx"
    assert {error.json_path for error in validator.iter_errors(site)} == {
        "$.zones[0]", "$.zones[0].area_m2", "$.connections[0]",
    }  # fmt: skip
