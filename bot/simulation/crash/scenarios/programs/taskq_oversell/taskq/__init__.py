"""A task queue whose tasks become visible again when nobody confirms them in time."""
