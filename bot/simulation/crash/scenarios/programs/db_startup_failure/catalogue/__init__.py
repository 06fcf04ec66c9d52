"""The catalogue of the shop."""
