"""The colours of tokens.css carry what is put on them, in both themes (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "dashboards" / "static" / "tokens.css").read_text("utf-8")
BLOCKS = re.findall(r":root[^{]*\{([^}]*)\}", CSS)
THEMES = {
    name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for name, block in zip(("light", "dark", "system dark"), BLOCKS, strict=True)
}
TEXT = [(ink, ground) for ink in ("text", "text2", "live", "stale") for ground in ("bg", "panel")]
TEXT += [(ink, "equipment") for ink in ("text", "text2", "live", "setpoint", "stale")]
TEXT += [(f"alarm-{letter}-ink", f"alarm-{letter}") for letter in "abc"]
TEXT += [("panel", "text")]
SHAPES = [(line, ground) for line in ("pipe", "focus") for ground in ("bg", "panel")]
SHAPES += [("pipe", "equipment"), ("alarm-a", "panel"), ("alarm-a", "equipment"), ("alarm-c", "panel")]
SHAPES += [(f"trend-{n}", "bg") for n in range(1, 5)]


def luminance(colour):
    """Relative luminance by WCAG, of '#rrggbb'."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio by WCAG, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_gives_the_ratios_that_are_known():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_dark_by_choice_and_dark_by_system_are_the_same():
    assert THEMES["dark"] == THEMES["system dark"]
    assert THEMES["light"].keys() == THEMES["dark"].keys()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme, ink, ground):
    assert contrast(THEMES[theme][ink], THEMES[theme][ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), SHAPES)
def test_lines_and_shapes_can_be_told_from_their_ground(theme, line, ground):
    assert contrast(THEMES[theme][line], THEMES[theme][ground]) >= 3.0
