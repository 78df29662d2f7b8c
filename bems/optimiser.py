"""The optimiser as a controller of one run: observes every step, plans every quarter, lets the rules follow the plan."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from control.dispatch import Options, plan
from control.estimate import Estimate
from control.guidance import ASSETS, promoted
from control.memory import RuleMemory
from control.observer import observe
from control.picture import Picture, Scene
from control.plan import NoPlan
from control.planning import Knowledge, Standing, due, followed, inputs, lost_machines, taken
from control.rules import Decision, decide
from control.strategy import GOOD, Strategy
from models.site import Site


@dataclass
class Optimiser:
    """Plans within the control step, as a study may; the live system plans beside its loop."""

    known: Callable[[datetime], Knowledge]
    """What may be known at an instant."""
    options: Options = Options()
    assets: Collection[str] = ASSETS
    strategy: Strategy = GOOD
    solve_ms: list[float] = field(default_factory=list)
    failed: list[tuple[datetime, NoPlan]] = field(default_factory=list)
    _estimate: Estimate | None = None
    _standing: Standing | None = None
    _tried_at: datetime | None = None

    def __call__(self, site: Site, picture: Picture, now: datetime, memory: RuleMemory, max_age_s: float) -> Decision:
        """See `bems.lockstep.Controller`."""
        scene = Scene(site, picture, now, max_age_s, memory.awake_since or now, self.strategy)
        known = self.known(now)
        self._estimate = observe(scene, memory, known.plant, self._estimate)
        if due(self._standing, self._tried_at, scene, memory):
            self._tried_at = now
            found = plan(inputs(scene, memory, self._estimate, known), self.options, perf_counter)
            if isinstance(found, NoPlan):
                self.failed.append((now, found))
            else:
                self.solve_ms.append(found.report.ms)
            self._standing = taken(self._standing, found, now, lost_machines(scene, memory))
        guide = followed(self._standing, known.plant, now)
        guide = None if guide is None else promoted(guide, self.assets)
        return decide(site, picture, now, memory, max_age_s, self.strategy, guide)
