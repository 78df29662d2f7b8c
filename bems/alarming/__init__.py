"""Alarm management after ISA-18.2: states, operators' acts, suppression, floods, figures, and who is told."""
