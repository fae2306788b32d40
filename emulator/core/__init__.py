"""The vocabulary that every other room uses: requests, events, plans, models, settings, time, chance and units."""
