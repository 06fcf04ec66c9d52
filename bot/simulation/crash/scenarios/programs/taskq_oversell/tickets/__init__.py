"""Tickets and how many are left."""
