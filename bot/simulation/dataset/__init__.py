"""A company's correlated telemetry, made from a seed, with the truth beside it."""
