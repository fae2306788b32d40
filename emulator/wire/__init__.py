"""HTTP: reading requests, playing plans, and the server itself."""
