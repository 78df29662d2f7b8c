"""A contract for electricity from a file of its own, from another site file, or from the site's own choices."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from bems.whatif.changes import ChangeError
from models.site import Site
from models.tariff import TariffConfig


def contract(site: Site, name: str) -> TariffConfig:
    """A name of `[tariff_choices]`, or a TOML file with a `[tariff]` section; ChangeError for anything else."""
    if name in site.tariff_choices:
        return site.tariff_choices[name]
    choices = ", ".join(site.tariff_choices) or "none in this site file"
    allowed = f"allowed: a TOML file with a [tariff] section as in a site file, or a tariff choice ({choices})"
    try:
        raw = tomllib.loads(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChangeError(f"--tariff '{name}': {error}; {allowed}") from error
    if "tariff" not in raw:
        raise ChangeError(f"--tariff '{name}': no [tariff] in it; {allowed}")
    try:
        return TariffConfig.model_validate(raw["tariff"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        raise ChangeError(f"--tariff '{name}': tariff.{where} {first['input']!r:.60}; allowed: {text}") from error
