"""`python -m nvgre_doctor` is the same as `nvgre-doctor`."""

import sys

from nvgre_doctor.cli import main

if __name__ == "__main__":
    sys.exit(main())
