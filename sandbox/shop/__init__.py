"""The web shop of Acme."""

VERSION = "2.14.0"
