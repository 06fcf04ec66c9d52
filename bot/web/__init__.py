"""The Flask side app: webhooks, health."""
