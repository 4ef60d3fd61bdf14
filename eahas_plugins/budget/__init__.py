"""The energy budget without a host: attributes, balance, journal."""
