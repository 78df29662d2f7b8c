"""The optimiser's assets: one file each, one function per physical law. Symbols as in docs/maths.md."""
