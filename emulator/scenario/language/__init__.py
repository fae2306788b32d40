"""The keys of the scenario language: a table of readers for each section, and the JSON Schema made of these tables."""
