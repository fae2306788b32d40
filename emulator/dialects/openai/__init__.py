"""OpenAI's API, as AkashML serves it under /v1."""
