"""The optimiser as a controller of one run: observes every step, plans every quarter, the rules follow the plan."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter

from bems.backtest.variants import WHOLE, Variant
from control.dispatch import Options
from control.grid import grid_at
from control.guidance import ASSETS, promoted
from control.observer.estimate import Estimate
from control.observer.observe import observe
from control.picture import Picture, Scene
from control.plan import NoPlan
from control.planning import Knowledge, Standing, due, followed, inputs, lost_machines, planned, taken
from control.rules.decision import Decision, decide
from control.rules.memory import RuleMemory
from control.strategy import GOOD
from models.site import Site


@dataclass
class Optimiser:
    """Plans within the control step, as a study may; the live system plans beside its loop."""

    known: Callable[[datetime], Knowledge]
    """What may be known at an instant."""
    variant: Variant = WHOLE
    assets: Collection[str] = ASSETS
    """What the rules follow it in; with none it is in the shadow."""
    solve_ms: list[float] = field(default_factory=list)
    """Of every try [ms]: its inputs, all its solves, and the second plan with the compressors kept."""
    failed: list[tuple[datetime, NoPlan]] = field(default_factory=list)
    standing: Standing | None = None
    estimate: Estimate | None = None
    """Of the observer; one that has watched before is gone on from."""
    _tried_at: datetime | None = None

    def __call__(self, site: Site, picture: Picture, now: datetime, memory: RuleMemory, max_age_s: float) -> Decision:
        """See `bems.backtest.lockstep.Controller`."""
        strategy = replace(GOOD, peak_guard=self.variant.peak_guard)
        scene = Scene(site, picture, now, max_age_s, memory.awake_since or now, strategy)
        known = self.known(now)
        self.estimate = observe(scene, memory, known.plant, self.estimate)
        if due(self.standing, self._tried_at, scene, memory):
            self._tried_at = now
            self._plan(scene, memory, known, self.estimate)
        guide = followed(self.standing, known.plant, now)
        guide = None if guide is None else promoted(guide, self.assets)
        return decide(site, picture, now, memory, max_age_s, strategy, guide)

    def _plan(self, scene: Scene, memory: RuleMemory, known: Knowledge, estimate: Estimate) -> None:
        begun = perf_counter()
        of = inputs(scene, memory, estimate, known, self.variant.grid(grid_at(scene.now)))
        options = Options() if self.variant.whole else Options(whole_h=0.0)
        of = self.variant.altered(of)
        found = planned(of, self.standing, options, perf_counter)
        self.solve_ms.append(1000 * (perf_counter() - begun))
        if isinstance(found, NoPlan):
            self.failed.append((scene.now, found))
        self.standing = taken(self.standing, found, scene.now, lost_machines(scene, memory))
