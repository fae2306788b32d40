"""The commands besides `serve`, a module for each subject; `emulator.cli` imports it when it is asked for."""
