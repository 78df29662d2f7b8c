"""Physics of the plant as functions of numbers and arrays; one module per physical subject."""
