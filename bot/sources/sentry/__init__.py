"""Sentry: its webhooks, and its SDKs reporting to us as if we were Sentry."""
