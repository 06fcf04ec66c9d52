"""Charging orders through Paystack."""
