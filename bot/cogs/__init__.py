"""ASKING: thin slash commands."""
