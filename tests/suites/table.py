"""The suites that are run, in the order in which docs/suites.md lists them."""

from suites.anthropic_sdk_python import ANTHROPIC
from suites.instructor import INSTRUCTOR
from suites.langchain import CHAT_ANTHROPIC, CHAT_OPENAI
from suites.openai_agents import OPENAI_AGENTS
from suites.openai_python import OPENAI

SUITES = {suite.name: suite for suite in (OPENAI, ANTHROPIC, CHAT_OPENAI, CHAT_ANTHROPIC, INSTRUCTOR, OPENAI_AGENTS)}
