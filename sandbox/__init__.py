"""PRETENDING TO BE THE WORLD: loopback stand-ins for Discord and GitHub, the sample shop, the demo."""
