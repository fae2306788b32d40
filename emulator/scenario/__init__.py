"""Scenarios: stories in YAML that say what is answered. Frozen values, what matches them, and what they answer."""
