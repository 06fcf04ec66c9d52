"""SHOWING: the only builders of Discord objects."""
