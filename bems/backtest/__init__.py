"""Controllers against the same simulated plant in lockstep, scored alike: `command` begins it."""
