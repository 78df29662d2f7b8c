"""Where the plant stands, beyond what sensors say."""
