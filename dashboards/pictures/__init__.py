"""System pictures: what a system consists of, lane by lane in the direction of the flow, from the site file alone."""
