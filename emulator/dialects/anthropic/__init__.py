"""Anthropic's Messages API, as AkashML serves it under /anthropic."""
