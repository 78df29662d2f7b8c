"""The record as files for advisers and other programs: what may leave the building, with units and time zone."""
