"""HEARING: bytes of outside systems become events. Pure; one module per system; one table."""
