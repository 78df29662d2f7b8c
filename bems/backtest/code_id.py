"""Which code a figure is of: results of another version are not silently set beside new ones."""

from hashlib import sha256
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DECIDING: Final = ("control", "models", "hil_sim", "bems/backtest")
"""The packages that a backtest's figures come from."""


def code_id() -> str:
    """Short name of the present contents of DECIDING: any change there gives another one."""
    digest = sha256()
    for package in DECIDING:
        for file in sorted((ROOT / package).rglob("*.py")):
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:10]
