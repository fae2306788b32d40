"""The commands. Each module without a leading underscore is one, and defines a function of the same name."""
