from pathlib import Path

import pytest

from hil_sim.plant import create
from models.site import load_site
from models.synthetic import synthetic_year

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="session")
def year_of_weather():
    return synthetic_year(2025, 1)


@pytest.fixture(scope="session")
def plant(biri, year_of_weather):
    """One plant for all: every test resets it."""
    return create(biri, year_of_weather)


@pytest.fixture(scope="session")
def example():
    return load_site(ROOT / "site.example.toml")
