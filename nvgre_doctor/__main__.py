"""Where the program starts: `nvgre-doctor`, and `python -m nvgre_doctor`.

Loads nothing before it can say what went wrong with that: exit code 1 must not mean that a module
is missing, and Ctrl-C shows no traceback, however early it comes.
"""

import sys


def start() -> int:
    """Run the program with the arguments of the process and return its exit code; never raises."""
    try:
        from nvgre_doctor.cli import main

        return main()
    except KeyboardInterrupt:
        return _say(130, "interrupted")
    except MemoryError:
        pass  # what took it is let go only behind this block
    except BaseException as error:  # noqa: BLE001  exit code 1 must not mean this
        # What another module says is not ours: it may hold any character.
        return _say(70, f"cannot start: {type(error).__name__}: {ascii(str(error))[1:-1]}")
    return _say(70, "there is not enough memory. Give fewer captures at once.")


def _say(code: int, message: str) -> int:
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"nvgre-doctor: {message}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            sys.stderr = None  # the end of Python would try again
    return code


if __name__ == "__main__":
    sys.exit(start())
