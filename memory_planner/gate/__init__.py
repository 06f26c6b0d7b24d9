"""The gate: whether models fit a chip, what grew, what would bring most, in the formats that CI reads."""
