"""Recording real answers as scenarios, and telling where an upstream is shaped otherwise than the emulator.

An exchange is seen by the proxy, read into neutral words, and written as the first of several replies, the most
readable one first, that the emulator plays as it was seen. What says nothing readable is written verbatim.
"""
