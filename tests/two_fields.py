"""Biri with its collectors on two roofs, each with a pump and a controller of its own."""

import tomllib
from pathlib import Path

from models.site import Site, parse_site

ROOT = Path(__file__).parents[1]
EAST, WEST = "solar_east", "solar_west"


def two_fields(west_tank: str = "hp_tank") -> Site:
    """The field on the east roof heats the solar tank, the one on the west roof `west_tank`."""
    raw = tomllib.loads((ROOT / "site.biri.toml").read_text("utf-8"))
    device = next(one for one in raw["devices"] if one["id"] == "solar")
    field = raw["collectors"][0]
    raw["devices"].remove(device)
    raw["collectors"] = []
    for name, words, unit_id, azimuth_deg, tank in (
        (EAST, {"nb": "Solfangere øst", "en": "Collectors east"}, 1, 90, "solar_tank"),
        (WEST, {"nb": "Solfangere vest", "en": "Collectors west"}, 9, 270, west_tank),
    ):
        system = f"=320.{40 + unit_id:03d}"
        raw["devices"].append({**device, "id": name, "label": words, "unit_id": unit_id, "system": system})
        own = {"id": name, "name": words, "devices": [name], "azimuth_deg": azimuth_deg, "tank": tank}
        raw["collectors"].append({**field, **own, "area_m2": 30, "design_flow_l_per_h": 950})
    for meter in raw["meters"]:
        if "collectors" in meter.get("measures", ()):
            meter["measures"] = [name for name in meter["measures"] if name != "collectors"] + [EAST, WEST]
    return parse_site(raw, "two_fields.toml", ROOT)
