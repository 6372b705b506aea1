"""What a service does under load: points, what drives them, and what was measured."""
