"""Deciding which tools a text asks for, and which part of it each is called for."""

from collections.abc import Sequence

from emulator.core.vocabulary import Tool
from emulator.generator.saying.mentions import Text, read
from emulator.generator.saying.parameters import parameters
from emulator.generator.saying.words import stems, telling
