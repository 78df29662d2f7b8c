"""Rules about the repository itself that no other tool watches."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts import devices

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bems", "dashboards", "drivers", "control", "hil_sim", "models")
LONGEST_FILE_LINES = 400
LONGEST_FUNCTION_LINES = 70


def tracked() -> list[Path]:
    """Every file of the repository that exists, as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """(name, text) of the tracked files that are text."""
    found = []
    for file in tracked():
        data = file.read_bytes()
        if b"\0" not in data:
            found.append((str(file.relative_to(ROOT)), data.decode("utf-8")))
    return found


def our_sources() -> list[tuple[str, str]]:
    return [(name, text) for name, text in texts() if name.endswith(".py") and name.split("/")[0] in PACKAGES]


def pins(lock: str) -> dict[str, str]:
    """Version by normalised package name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), flags=re.MULTILINE)
    return {normal(name): version for name, version in found}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_tracked_file_names_a_package_registry_or_a_path_of_somebodys_machine():
    hosts = r"pypi\.org|python[h]osted|registry\.(?:npmjs|yarnpkg)|deb\.debian\.org|security\.debian\.org"
    paths = r"(?<![\w.*}])/(?:work|root|home/\w+|tmp|Users/\w+)/"
    leak = re.compile(f"{hosts}|{paths}", flags=re.IGNORECASE)
    found = [f"{name}: {match.group()}" for name, text in texts() if (match := leak.search(text))]
    assert found == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_versions_and_hashes_only(lock):
    text = (ROOT / lock).read_text("utf-8")
    pin = r"[A-Za-z0-9._-]+==[^\s;]+(?: ; [^\\\n]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
    assert re.fullmatch(rf"(?:\s*#[^\n]*\n|{pin})+", text), f"{lock} holds something else than pins with hashes"
    assert "://" not in text


def test_the_two_locks_agree():
    product, checks = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {
        name: (product[name], checks[name]) for name in product.keys() & checks if product[name] != checks[name]
    } == {}


def test_every_declared_dependency_is_pinned():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {normal(re.split(r"[<>=!~ \[;]", item)[0]) for item in declared}
    assert names - pins("requirements.lock").keys() == set()


def test_the_front_end_lock_holds_hashes_and_no_addresses():
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    installed = {name: entry for name, entry in lock["packages"].items() if name}
    assert installed
    assert [name for name, entry in installed.items() if "resolved" in entry or "integrity" not in entry] == []


def test_the_licence_is_the_one_the_distribution_names():
    described = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert described["license"] == "Apache-2.0"
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_the_changes_begin_with_the_present_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version


def test_the_list_of_devices_is_what_the_profiles_say():
    assert devices.LIST.read_text("utf-8") == devices.text(), "run: .venv/bin/python -m scripts.devices"


def test_every_link_between_documents_leads_somewhere():
    broken = [
        f"{name} -> {target}"
        for name, text in texts()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_files_stay_short_enough_to_be_read():
    long = {name: count for name, text in our_sources() if (count := text.count("\n")) > LONGEST_FILE_LINES}
    assert long == {}, f"more than {LONGEST_FILE_LINES} lines (aim at 350)"


def test_functions_stay_short_enough_to_be_read():
    long = {
        f"{name}:{node.lineno} {node.name}": lines
        for name, text in our_sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION_LINES
    }
    assert long == {}, f"more than {LONGEST_FUNCTION_LINES} lines (aim at 60)"
