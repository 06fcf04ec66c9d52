"""Invoices, and what Stripe says of them."""
