"""`python -m power`: measure, and write docs/power.md."""

import sys

from power.study import main

if __name__ == "__main__":
    sys.exit(main())
