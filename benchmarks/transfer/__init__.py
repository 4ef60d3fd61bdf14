"""What earlier studies bring to a new one, and what misleading ones cost it."""
