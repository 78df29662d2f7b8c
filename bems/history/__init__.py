"""The local record: every sample, command and forecast, kept and findable."""
