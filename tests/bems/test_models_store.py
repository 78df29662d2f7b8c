from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.cli import main
from bems.learning.store import FILE_NAME, ModelStore
from control.habits.learned import cold
from control.refit.fitted import NEUTRAL
from control.refit.model import PartResult, Verdict
from models.site import load_site

AT = datetime(2026, 1, 20, 2, tzinfo=UTC)


HABITS = cold(load_site(Path(__file__).parents[2] / "site.biri.toml"))


def _night(factor: float, verdict: Verdict = Verdict.IMPROVED):
    fitted = NEUTRAL.with_part("circulation", {"loss": factor})
    learned = replace(HABITS, cold_water_k=factor, parts=("cold_water_k",))
    return replace(fitted, version=1, fitted_at=AT), learned, (PartResult("circulation", verdict, 0.4, 0.1, "kW"),)


def test_without_versions_the_site_file_is_in_use(tmp_path):
    store = ModelStore(tmp_path / "data")
    assert store.in_use() == NEUTRAL
    assert store.versions() == []


def test_keeps_versions_and_uses_the_last(tmp_path):
    store = ModelStore(tmp_path)
    store.keep(*_night(1.1), AT)
    second = store.keep(*_night(1.2), AT + timedelta(days=1))
    assert [v.fitted.version for v in store.versions()] == [1, 2]
    assert ModelStore(tmp_path).in_use() == second.fitted
    assert store.habits_in_use() == second.learned
    assert second.learned.version == second.fitted.version == 2
    assert store.versions()[0].parts[0]["after"] == 0.1


def test_a_night_without_improvement_keeps_nothing(tmp_path):
    store = ModelStore(tmp_path)
    first = store.keep(*_night(1.1), AT)
    assert store.keep(*_night(1.3, Verdict.NO_BETTER), AT) is None
    assert store.in_use() == first.fitted
    assert len(store.versions()) == 1


def test_going_back_is_a_line_more_and_numbers_are_never_reused(tmp_path):
    store = ModelStore(tmp_path)
    store.keep(*_night(1.1), AT)
    store.keep(*_night(1.2), AT)
    assert store.revert(0, AT) == NEUTRAL
    assert store.in_use() == NEUTRAL
    assert store.habits_in_use() is None
    assert store.revert(1, AT).value("circulation", "loss") == 1.1
    assert store.habits_in_use().cold_water_k == 1.1
    assert store.keep(*_night(1.4), AT).fitted.version == 3
    assert len((tmp_path / FILE_NAME).read_text("utf-8").splitlines()) == 5


def test_an_unknown_version_is_refused(tmp_path):
    with pytest.raises(KeyError, match="no version 7"):
        ModelStore(tmp_path).revert(7, AT)


def test_a_torn_line_and_nonsense_cost_nothing_else(tmp_path):
    store = ModelStore(tmp_path)
    store.keep(*_night(1.1), AT)
    path = tmp_path / FILE_NAME
    path.write_text(path.read_text("utf-8") + '{"at": "x"}\n[]\n{"at": "2026-01-21T02:00:00+00:00", "fit', "utf-8")
    assert store.in_use().version == 1
    assert store.keep(*_night(1.2), AT).fitted.version == 2
    assert store.in_use().version == 2


def test_command_line(tmp_path, capsys):
    ModelStore(tmp_path).keep(*_night(1.1), AT)
    data = ["--data", str(tmp_path)]
    assert main(["model", *data]) == 0
    assert "* 1  2026-01-20 02:00 UTC  improved: circulation" in capsys.readouterr().out
    assert main(["model", "show", "1", *data]) == 0
    shown = capsys.readouterr().out
    assert "circulation.loss = 1.100" in shown
    assert "habits from the record: cold_water_k" in shown
    assert main(["model", "revert", "0", *data]) == 0
    assert ModelStore(tmp_path).in_use() == NEUTRAL
    assert main(["model", "revert", "9", *data]) == 1
    assert "no version 9" in capsys.readouterr().err
    assert main(["model", "show", *data]) == 2
