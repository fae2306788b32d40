"""The Starlette app: the emulated API and the control API under /_emulator."""
