"""The night: its programme in the evening, its account in the morning, and what the rules would have paid."""
