"""THINKING: stack traces, locations in the code, reports. Pure."""
