"""The types that every other package uses: requests, events, plans, models, settings, clock, random seeds and units."""
