"""Orders and what customers spent."""
