"""PRETENDING TO BE THE WORLD: stand-ins for Discord and GitHub, the sample shop, the demo."""
