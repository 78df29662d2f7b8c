"""Reports that an energy adviser signs: what is in them, how it is reckoned, and how it is written down."""
