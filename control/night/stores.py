"""Items of a night's programme about what is bought as heat, and about batteries."""

from collections.abc import Iterator

import numpy as np

from control.night.data import Check, Item, Kind
from control.night.items import ENERGY_KWH, POWERED_KW, Night, whole
from models.reasons import Code


def district_heat(night: Night) -> Iterator[Item]:
    """When heat is taken from a network, and what it costs."""
    for network in night.of.plant.district_heat:
        power = night.plan.trajectories.get(f"{network.id}.heat_kw")
        if power is None:
            continue
        for run in night.runs(power > POWERED_KW):
            energy = night.energy_at(power, night.of.outlook.heat_nok_per_kwh[network.id], run)
            if energy[0] < ENERGY_KWH:
                continue
            check = Check((f"{network.id}.heat_kw",), "energy", energy[0], energy[0])
            yield night.item(
                Kind.DISTRICT, (network.id,), night.times(run), Code.NIGHT_DISTRICT, energy=energy, check=check,
                name=network.id, most_kw=whole(float(power[slice(*run)].max())),
            )  # fmt: skip


def batteries(night: Night) -> Iterator[Item]:
    """When each battery is charged and when it gives."""
    for battery in night.of.plant.batteries:
        power = night.plan.trajectories.get(f"{battery.id}.power_kw")
        if power is None:
            continue
        for run in night.runs(power > POWERED_KW):
            energy = night.energy(np.maximum(power, 0.0), run)
            if energy[0] >= ENERGY_KWH:
                check = Check((f"{battery.id}.power_kw",), "energy", energy[0], energy[0])
                yield night.item(
                    Kind.BATTERY, (battery.id,), night.times(run), Code.NIGHT_BATTERY_CHARGES, energy=energy,
                    check=check, name=battery.id,
                )  # fmt: skip
        for run in night.runs(power < -POWERED_KW):
            energy = night.energy(np.minimum(power, 0.0), run)
            given = -energy[0]
            if given >= ENERGY_KWH:
                check = Check((f"{battery.id}.power_kw",), "given", given, given)
                yield night.item(
                    Kind.BATTERY, (battery.id,), night.times(run), Code.NIGHT_BATTERY_GIVES, energy=energy,
                    check=check, name=battery.id, given_kwh=whole(given),
                )  # fmt: skip
