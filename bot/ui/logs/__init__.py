"""SHOWING logs: what `/logs` and `/logs-tail` answer.

lines.py    log lines as entries, and entries as one harmless code block
"""
