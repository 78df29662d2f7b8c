"""Write docs/devices.md, the list of the device models that come with the product, from their profiles."""

import sys
from typing import Final

from models.profile import builtin_names, load_profile
from scripts.prepare import ROOT

LIST: Final = ROOT / "docs" / "devices.md"

HEAD: Final = """# Devices

Device models that come with the product. *Generic* means that no public register or object map of a make was used: the
addresses are ours and must be matched with the device on site. How to add one: [add-a-device.md](add-a-device.md).

This list is written by `python -m scripts.devices` from the files in `models/profiles/`; a test compares the two.

| profile | vendor and model | protocol | points | writable | map |
|---|---|---|---:|---:|---|
"""


def text() -> str:
    """The page as it should be."""
    rows = []
    for name in builtin_names():
        profile = load_profile(name)
        points = profile.all_points
        writable = sum(point.write is not None for point in points)
        kind = "generic" if profile.generic else "public"
        device = profile.model if profile.generic else f"{profile.vendor} {profile.model}"
        rows.append(f"| {name} | {device} | {profile.protocol} | {len(points)} | {writable} | {kind} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    LIST.write_text(text(), "utf-8")
    sys.exit(0)
