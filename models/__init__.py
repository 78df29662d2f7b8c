"""The ground: vocabulary, site description, device profiles and physics. Pure: no I/O, no clock."""
