"""``python -m blurlib`` is the command ``blurlib``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
