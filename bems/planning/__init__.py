"""The optimiser in the running system: plans made beside the loop, their grounds, and whether they keep their word."""
