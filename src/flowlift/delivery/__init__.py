"""What the event of a CI asks for: decided, delivered in order, reported."""
