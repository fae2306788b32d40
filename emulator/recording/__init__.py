"""Recording real answers as scenarios, and comparing the shapes of an upstream's answers with the emulator's.

The proxy observes an exchange, decodes it, and tries several replies, the most readable first. It writes the first
one that the emulator plays back as observed. An answer that no readable reply can express is written verbatim.
"""
