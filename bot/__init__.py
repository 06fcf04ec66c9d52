"""Jinkies: the incident bot. Start reading at `models.py`, then `alerting/ingest.py`."""
