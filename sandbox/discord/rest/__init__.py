"""The REST v10 routes, one module per topic, joined in `router.py`."""
