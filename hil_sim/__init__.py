"""Hardware-in-loop simulator: the plant's physics and the protocol servers that stand in for the field devices."""
