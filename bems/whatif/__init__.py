"""What would another size, set point, tariff or envelope come to in a year: the twin, as it is and with the change."""
