"""Set up what `make` needs: a virtual environment, pinned packages, front-end libraries, Debian packages.

Standard library only, since nothing is installed yet when it runs. Each step remembers a fingerprint of what it was
made from, so a second run does nothing, at once and without a network. A step that cannot be done says what to install.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
PIP_INSTALL: Final = (str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
STAMPS: Final = VENV / "prepared"
VENDOR: Final = ROOT / "dashboards" / "static" / "vendor"
POLICY: Final = Path("/usr/sbin/policy-rc.d")
FORBID_ALL: Final = "#!/bin/sh\n# temporary: bems installs packages without starting their services\nexit 101\n"
OLDEST: Final = (3, 11)

FRONT_END: Final = {"uplot": ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE")}
"""Files of each front-end library that bems serves, by npm package."""


class CannotGoOnError(Exception):
    """A step that everything else needs has failed; the text says what to do."""


class DebianPackage(NamedTuple):
    """A program of the machine: how to see that it is there, what to install for it, and what goes without it."""

    program: str
    packages: tuple[str, ...]
    without: str


BROKER: Final = DebianPackage("mosquitto", ("mosquitto",), "the tests that need a broker are skipped")
BROWSER: Final = DebianPackage("chromium", ("chromium", "fonts-dejavu-core"), "the browser tests are skipped")
SERIES: Final = (
    DebianPackage("victoria-metrics", ("victoria-metrics",), "the tests that feed a database are skipped"),
    DebianPackage("influxd", ("influxdb",), "the tests of InfluxQL are skipped"),
)
OFFICE: Final = DebianPackage("soffice", ("libreoffice-calc-nogui",), "no spreadsheet opens the reports' workbooks")


def say(text: str) -> None:
    """One line of progress, at once even through a pipe."""
    print(f"[set-up] {text}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Prepare for `run` (the product) or `test` (its checks too); returns the exit code."""
    goal = arguments[0] if arguments else "test"
    steps: dict[str, Sequence[Callable[[], None]]] = {
        "run": (environment, product_packages, project, front_end, lambda: debian([BROKER])),
        "test": (
            environment,
            product_packages,
            check_packages,
            project,
            front_end,
            lambda: debian([BROKER, BROWSER, *SERIES, OFFICE]),
        ),
    }
    if goal not in steps:
        print(f"prepare.py: '{goal}' is not one of: {', '.join(steps)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    try:
        for step in steps[goal]:
            step()
    except CannotGoOnError as error:
        print(f"[set-up] stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n[set-up] stopped; the next run goes on from here", file=sys.stderr)
        return 130
    if time.monotonic() - begun > 2:
        say(f"ready after {time.monotonic() - begun:.0f} s")
    return 0


def environment() -> None:
    """A virtual environment of this repository's own in .venv."""
    if PYTHON.exists():
        return
    if importlib.util.find_spec("ensurepip") is None and not install_debian(["python3-venv"]):
        raise CannotGoOnError("Python cannot make virtual environments here: apt-get install python3-venv")
    say(f"making a virtual environment for Python {sys.version_info.major}.{sys.version_info.minor} in .venv")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "making .venv failed")


def product_packages() -> None:
    """The packages the product runs on, exactly those of the lock, each checked against its hash."""
    locked_packages(ROOT / "requirements.lock", "that bems runs on")


def check_packages() -> None:
    """The packages that check the product."""
    locked_packages(ROOT / "requirements-dev.lock", "that check it")


def locked_packages(lock: Path, purpose: str) -> None:
    """Install what `lock` pins, unless that has been done."""
    text = lock.read_bytes()
    with once(lock.stem, text) as needed:
        if not needed:
            return
        total = sum(1 for line in text.decode().splitlines() if "==" in line)
        say(f"installing {total} pinned Python packages {purpose} (a minute or two the first time)")
        install = [*PIP_INSTALL, "--progress-bar", "off", "--require-hashes", "-r", str(lock)]
        fetched = 0
        for line in follow(install, f"installing the packages of {lock.name} failed"):
            if line.startswith(("Collecting ", "Processing ")):
                fetched += 1
                if fetched % 10 == 0:
                    say(f"  fetched {fetched} of {total}")
            elif line.startswith("Installing collected"):
                say("  unpacking")


def project() -> None:
    """The command `bems`, run from this folder."""
    import tomllib  # here, so that an older Python reaches the version check at the end of the file

    described = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    made_from = [described["project"], described["build-system"], described["tool"]["setuptools"], str(ROOT)]
    with once("project", json.dumps(made_from).encode()) as needed:
        if needed:
            say("installing the command bems")
            install = [*PIP_INSTALL, "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
            run(install, "installing the command bems failed")


def front_end() -> None:
    """The libraries that pages load, copied to where bems serves them from."""
    served = [VENDOR / name / Path(file).name for name, files in FRONT_END.items() for file in files]
    made_from = (ROOT / "package-lock.json").read_bytes() + json.dumps(FRONT_END).encode()
    with once("front-end", made_from, intact=all(file.is_file() for file in served)) as needed:
        if not needed:
            return
        if shutil.which("npm") is None and not install_debian(["npm"]):
            raise CannotGoOnError("npm is missing; the charts of the pages come from there: apt-get install npm")
        say("installing the front-end libraries")
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        run(npm, "installing the front-end libraries failed")
        for name, files in FRONT_END.items():
            (VENDOR / name).mkdir(parents=True, exist_ok=True)
            for file in files:
                shutil.copyfile(ROOT / "node_modules" / name / file, VENDOR / name / Path(file).name)


def debian(wanted: Sequence[DebianPackage]) -> None:
    """Programs of the machine: installed when that is allowed, else named together with what goes without them."""
    for item in wanted:
        if find_program(item.program) is None and not install_debian(item.packages):
            say(f"{item.program} is missing: {item.without} (apt-get install {' '.join(item.packages)})")


def find_program(name: str) -> str | None:
    """Where a program is; daemons stand in sbin, which is not on everybody's path."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def install_debian(packages: Sequence[str]) -> bool:
    """Install Debian packages without starting any service of theirs; False where that is not possible."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None or os.environ.get("BEMS_DEBIAN") == "no":
        return False
    say(f"installing Debian packages: {' '.join(packages)} (their services are not started)")
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_off(packages):
        for command in (install, [*apt, "update"], install):
            done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
            if command is install and done.returncode == 0:
                return True
    reason = (done.stderr or done.stdout).strip().splitlines()
    say(f"  that failed: {reason[-1] if reason else 'apt-get gave no reason'}")
    return False


@contextlib.contextmanager
def services_stay_off(packages: Sequence[str], policy: Path = POLICY) -> Iterator[None]:
    """Debian asks policy-rc.d before it starts a service: meanwhile it answers no (101). No start at boot either."""
    if policy.exists() and policy.read_text() == FORBID_ALL:  # left behind by a set-up that was killed
        policy.unlink()
    forbids = policy.exists() and subprocess.run([str(policy), packages[0], "start"], check=False).returncode == 101
    before = policy.read_bytes() if policy.exists() and not forbids else None
    enabled_before = {name for name in packages if is_enabled(name)}
    if not forbids:
        policy.write_text(FORBID_ALL)
        policy.chmod(0o755)
    try:
        yield
    finally:
        if before is not None:
            policy.write_bytes(before)
        elif not forbids:
            policy.unlink(missing_ok=True)
        for name in packages:
            if name not in enabled_before and is_enabled(name):
                subprocess.run(["systemctl", "--quiet", "disable", name], capture_output=True, check=False)


def is_enabled(service: str) -> bool:
    """Whether the service manager, where there is one, would start a service at boot."""
    if shutil.which("systemctl") is None:
        return False
    asked = subprocess.run(["systemctl", "--quiet", "is-enabled", service], capture_output=True, check=False)
    return asked.returncode == 0


@contextlib.contextmanager
def once(step: str, made_from: bytes, *, intact: bool = True, stamps: Path = STAMPS) -> Iterator[bool]:
    """Yields whether the step is needed: not done before from the same input (and Python), or no longer intact."""
    fingerprint = hashlib.sha256(made_from + repr(sys.version_info[:2]).encode()).hexdigest()
    stamp = stamps / step
    needed = not (intact and stamp.is_file() and stamp.read_text() == fingerprint)
    yield needed
    if needed:
        stamps.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint)


def run(command: Sequence[str], failure: str) -> None:
    """Run quietly; on failure say so with the end of what was printed."""
    for _ in follow(command, failure):
        pass


def follow(command: Sequence[str], failure: str) -> Iterator[str]:
    """The lines a command prints, as they come; CannotGoOnError with the last ones when it fails."""
    last: list[str] = []
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        for line in process.stdout or ():
            last = [*last[-9:], line.rstrip()]
            yield line
        if process.wait() != 0:
            errors.seek(0)
            told = "\n".join(f"    {line}" for line in [*last, *errors.read().splitlines()][-15:])
            raise CannotGoOnError(f"{failure}:\n{told}")


if __name__ == "__main__":
    if sys.version_info[:2] < OLDEST:
        sys.exit(f"[set-up] stopped: Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    sys.exit(main(sys.argv[1:]))
