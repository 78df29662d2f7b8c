"""The site as those have it who may not see residents' rooms: made without them, so that no page can show one."""
