"""PRETENDING TO FAIL, together: incident conversations of people who look for a cause."""
