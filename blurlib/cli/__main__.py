"""``python -m blurlib.cli``: the same as ``blurlib``."""

import sys

from . import main

sys.exit(main())
