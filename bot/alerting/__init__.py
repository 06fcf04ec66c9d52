"""THE ROAD: from an event to a living card, and what people do to it."""
