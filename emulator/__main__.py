"""`python -m emulator` is `akashml-emulator`."""

from emulator.cli import main

if __name__ == "__main__":
    main()
