"""A crash on purpose: minutes of logs of several services that lead up to a real stack trace."""
