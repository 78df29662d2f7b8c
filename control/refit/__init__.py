"""The nightly re-fit of the plant's model from the record."""
