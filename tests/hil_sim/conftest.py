from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil_sim.plant import create
from models.site import load_site
from models.synthetic import synthetic_year

ROOT = Path(__file__).resolve().parents[2]
WINTER = datetime(2025, 2, 3, tzinfo=UTC)
SUMMER = datetime(2025, 7, 7, tzinfo=UTC)


@pytest.fixture(scope="session")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="session")
def year_of_weather():
    return synthetic_year(2025, 1)


@pytest.fixture
def plant(biri, year_of_weather):
    return create(biri, year_of_weather)


@pytest.fixture(scope="session")
def example():
    return load_site(ROOT / "site.example.toml")
