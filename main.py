"""Runs guigrad from a checkout: ``python main.py [FILE]`` is ``guigrad [FILE]``."""

import sys

from guigrad.app import main

if __name__ == "__main__":
    sys.exit(main())
