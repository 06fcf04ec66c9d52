"""The speed figures, as commands."""
