"""Reading what an author wrote: YAML nodes with their places, readers of values, and the mistakes they report."""
