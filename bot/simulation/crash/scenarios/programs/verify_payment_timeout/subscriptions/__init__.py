"""Subscriptions, and the payments that keep them alive."""
