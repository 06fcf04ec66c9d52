"""PRETENDING TO FAIL: crash scenarios, conversations, data sets."""
