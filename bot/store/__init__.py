"""REMEMBERING: the only SQL of the project."""
