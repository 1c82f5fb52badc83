"""Read every frame of a capture, and look at none: `python -m tests.benchmarks.read_frames FILE`
prints how many there are.  What is left of a diagnosis without counting and judging.
"""

import sys

from nvgre_doctor.capture import open_capture


def main(path: str) -> None:
    """Count the frames of one capture."""
    with open_capture(path) as capture:
        print(sum(len(batch.stamps) for batch in capture.batches()))


if __name__ == "__main__":
    main(sys.argv[1])
