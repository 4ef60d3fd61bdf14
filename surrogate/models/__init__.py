"""The models that answer queries; NumPy alone."""
