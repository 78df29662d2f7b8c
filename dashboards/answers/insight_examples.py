"""Examples of what the API answers about energy, hot water and plans; tests hold them against the answers' types."""

from typing import Any, Final

_BILL: Final[dict[str, Any]] = {
    "start": "2026-03-05T23:00:00Z",
    "end": "2026-03-06T13:35:00Z",
    "bought_kwh": 505.6,
    "sold_kwh": 0.0,
    "spot_nok": 373.54,
    "supplier_nok": 10.11,
    "grid_nok": 25.28,
    "tax_nok": 36.05,
    "sold_nok": 0.0,
    "peak_nok": None,
    "fixed_nok": None,
    "total_nok": 444.98,
    "known_share": 1.0,
}
_HEAT: Final[dict[str, Any]] = {
    "kwh": 820.0,
    "energy_nok": 705.2,
    "peak_kw": None,
    "peak_nok": None,
    "fixed_nok": None,
    "total_nok": 705.2,
    "known_share": 1.0,
}
_HEAT_MONTH: Final[dict[str, Any]] = {
    **_HEAT,
    "kwh": 4300.0,
    "energy_nok": 3698.0,
    "peak_kw": 96.0,
    "fixed_nok": 400.0,
    "total_nok": 4098.0,
}
_PACK: Final[dict[str, Any]] = {
    "taken_kwh": 98.0,
    "given_kwh": 87.0,
    "taken_nok": 61.7,
    "given_nok": 120.1,
    "wear_nok": 8.7,
    "earned_nok": 49.7,
    "known_share": 1.0,
}
ENERGY: Final[dict[str, Any]] = {
    "now": "2026-03-06T13:35:00Z",
    "vat_pct": 25.0,
    "today": _BILL,
    "month": {
        **_BILL,
        "start": "2026-02-28T23:00:00Z",
        "peak_nok": 6573.9,
        "fixed_nok": 539.0,
        "total_nok": 7557.88,
    },
    "hours": [
        {
            "start": "2026-03-06T08:00:00Z",
            "bought_kwh": 71.5,
            "sold_kwh": 0.0,
            "buy_nok_per_kwh": 1.02,
            "planned_kwh": None,
        },
        {
            "start": "2026-03-06T14:00:00Z",
            "bought_kwh": None,
            "sold_kwh": None,
            "buy_nok_per_kwh": 0.85,
            "planned_kwh": 44.2,
        },
    ],
    "days": [
        {
            "start": "2026-03-05T23:00:00Z",
            "bought_kwh": 505.6,
            "sold_kwh": 0.0,
            "energy_nok": 444.98,
            "highest_kw": 71.5,
        }
    ],
    "meters": [
        {
            "id": "el_hp1",
            "name": {"nb": "Måler varmepumpe 1", "en": "Meter heat pump 1"},
            "carrier": "electricity",
            "purpose": "room_and_air_heat",
            "today_kwh": 33.6,
            "month_kwh": 310.2,
        }
    ],
    "peak": {
        "kind": "per_kw",
        "basis": "highest_hour",
        "so_far_kw": 71.5,
        "so_far_nok": 6573.9,
        "nok_per_kw": 92.0,
        "step_from_kw": None,
        "step_to_kw": None,
        "next_step_nok": None,
        "target_kw": 83.9,
        "planned_kw": 71.5,
        "highest": [{"start": "2026-03-06T08:00:00Z", "kw": 71.5}],
        "hour_start": "2026-03-06T13:00:00Z",
        "hour_kwh": 34.8,
        "hour_expected_kw": 55.5,
    },
    "savings": {
        "nights": [
            {
                "start": "2026-03-05T19:00:00Z",
                "end": "2026-03-06T06:00:00Z",
                "cost_nok": 455.0,
                "saved_nok": 31.0,
                "uncertainty_nok": 8.0,
                "text": {"nb": "Spart: 31 kr, pluss eller minus 8 kr.", "en": "Saved: 31 NOK, give or take 8 NOK."},
            }
        ],
        "counted": 1,
        "saved_nok": 31.0,
        "uncertainty_nok": 8.0,
    },
    "heat": [
        {
            "id": "substation",
            "name": {"nb": "Fjernvarme", "en": "District heating"},
            "today": _HEAT,
            "month": _HEAT_MONTH,
        }
    ],
    "batteries": [{"id": "battery", "name": {"nb": "Batteri", "en": "Battery"}, "today": _PACK, "month": _PACK}],
}
WATER: Final[dict[str, Any]] = {
    "now": "2026-03-06T13:35:00Z",
    "duty": {
        "interval_days": 7.0,
        "due_at": "2026-03-13T13:35:00Z",
        "left_h": 168.0,
        "driven_since": None,
        "planned_at": None,
        "coldest_degc": 60.9,
        "pairs": [
            {"degc": 60.0, "minutes": 30.0, "held_minutes": 812.0},
            {"degc": 70.0, "minutes": 5.0, "held_minutes": None},
        ],
        "proven": {
            "start": "2026-03-06T00:03:00Z",
            "end": "2026-03-06T13:35:00Z",
            "degc": 60.0,
            "minutes": 812.0,
            "coldest_degc": 60.4,
            "still_on": True,
        },
    },
    "critical_degc": 55.0,
    "days": ["2026-03-04T23:00:00Z", "2026-03-05T23:00:00Z"],
    "sensors": [
        {
            "point": "loop_a.return_temp_degc",
            "name": {"nb": "Sirkulasjon A", "en": "Circulation A"},
            "is_loop": True,
            "value_degc": 61.8,
            "limit_degc": 60.0,
            "lowest_degc": 59.8,
            "below_min": [12.0, 0.0],
            "critical_min": [0.0, 0.0],
            "unknown_min": [0.0, 0.0],
        }
    ],
    "log": [
        {
            "at": "2026-03-05T02:10:00Z",
            "code": "hygiene.cycle_proven",
            "text": {
                "nb": "Varmesyklus bevist: 35 minutter over 60 °C, kaldest 60,4 °C.",
                "en": "Heat cycle proven: 35 minutes above 60 °C, coldest 60.4 °C.",
            },
        }
    ],
    "tapped_m3": 0.9,
    "heater_kwh": 76.3,
    "cold_degc": 6.1,
    "cold_max_degc": 20.0,
    "charts": ["hot_water.supply_temp_degc"],
}
TIMELINE: Final[dict[str, Any]] = {
    "now": "2026-03-06T13:35:00Z",
    "made_at": "2026-03-06T13:30:10Z",
    "expires_at": "2026-03-06T15:30:10Z",
    "identity": "prices known to 2026-03-08T00:00+01:00; weather of 2026-03-06T12:00Z",
    "sources": {
        "nb": "priser kjent til 08.03. kl. 00.00; værvarsel fra 06.03. kl. 13.00",
        "en": "prices known to 2026-03-08 00:00; weather of 2026-03-06 13:00",
    },
    "past_starts": ["2026-03-06T13:00:00Z", "2026-03-06T13:15:00Z"],
    "past_step_s": 900.0,
    "starts": ["2026-03-06T13:30:00Z", "2026-03-06T13:45:00Z"],
    "end": "2026-03-06T14:00:00Z",
    "prices_until": "2026-03-07T23:00:00Z",
    "lanes": [
        {
            "id": "tanks",
            "unit": "°C",
            "how": "lines",
            "lines": [
                {
                    "id": "buffer.degc",
                    "name": {"nb": "Akkumulatortank", "en": "Buffer tank"},
                    "past": [38.2, None],
                    "planned": [39.0, 41.5],
                    "low": [],
                    "high": [],
                    "kwh_per_k": 3.5,
                    "spread": [],
                }
            ],
            "limit": None,
        }
    ],
    "costs_nok": [["energy", 812.5], ["peak", 92.0]],
    "grounds": [
        {
            "family": "compressors",
            "asset": {"nb": "Varmepumpe 1 og Varmepumpe 2", "en": "Heat pump 1 and Heat pump 2"},
            "value": 2.0,
            "unit": "",
            "reason": {
                "nb": "Trengs nå; strømmen koster 0,85 kr per kWh.",
                "en": "Needed now; electricity costs 0.85 NOK per kWh.",
            },
            "bound": {"nb": "Månedens effekttopp.", "en": "The month's peak."},
            "bound_nok": 1.5,
            "electricity_nok_per_kwh": 0.85,
            "heat_nok_per_kwh": 0.27,
            "second": {"value": 1.0, "cost_nok": 0.4, "breaks": []},
            "followed": True,
            "start": "2026-03-06T13:30:00Z",
            "end": "2026-03-06T13:45:00Z",
            "identity": "prices known to 2026-03-08T00:00+01:00; weather of 2026-03-06T12:00Z",
            "last": {
                "start": "2026-03-06T13:15:00Z",
                "end": "2026-03-06T13:30:00Z",
                "unit": "kWh",
                "planned": 8.1,
                "happened": 7.9,
            },
        }
    ],
    "missed": [],
    "cycle_at": None,
}
LOOK_BACK: Final[dict[str, Any]] = {
    "start": "2026-03-04T23:00:00Z",
    "end": "2026-03-05T23:00:00Z",
    "made_at": "2026-03-04T23:00:04Z",
    "identity": "prices known to 2026-03-07T00:00+01:00; weather of 2026-03-04T18:00Z",
    "starts": ["2026-03-04T23:00:00Z"],
    "lines": [
        {
            "id": "grid.power_kw",
            "name": {"nb": "Nettimport", "en": "Grid import"},
            "unit": "kWh",
            "planned": [41.0],
            "measured": [43.2],
        }
    ],
    "hours": [
        {
            "start": "2026-03-04T23:00:00Z",
            "followed": True,
            "planned_kwh": 42.0,
            "bought_kwh": 43.2,
            "planned_nok": 38.1,
            "paid_nok": 39.2,
            "kept_nok": 0.8,
        }
    ],
}
