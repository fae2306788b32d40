"""Reading a source: YAML nodes, readers of values, and mistakes. Nothing here knows the keys of the language."""
