"""The commands. Each module whose name has no underscore is one: it has the function of its own name."""
