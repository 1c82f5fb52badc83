"""Which modules of the program the tests reach: those of which they call a function.

To import a module proves little, as collecting the tests imports all of them.  Python 3.12 and
later tell of the first call of each function at no cost; on 3.11 nothing is counted.
"""

import sys
from collections import Counter
from pathlib import Path
from types import CodeType

PACKAGE = Path(__file__).resolve().parent.parent / "nvgre_doctor"
CAN_COUNT = sys.version_info >= (3, 12)
REACHED: Counter[str] = Counter()
"""Functions that were called, by module."""


def start() -> None:
    """Count from now on; at most once in a process."""
    if not CAN_COUNT or sys.monitoring.get_tool(sys.monitoring.PROFILER_ID):
        return
    monitoring = sys.monitoring
    monitoring.use_tool_id(monitoring.PROFILER_ID, "nvgre-doctor's tests")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, _started)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)


def _started(code: CodeType, offset: int) -> object:
    path = Path(code.co_filename)
    if code.co_name != "<module>" and path.is_relative_to(PACKAGE):
        REACHED[path.relative_to(PACKAGE).as_posix()] += 1
    return sys.monitoring.DISABLE  # once for each function


def not_reached() -> list[str]:
    """The modules with functions of which none was called."""
    return sorted(
        name
        for path in PACKAGE.rglob("*.py")
        if (name := path.relative_to(PACKAGE).as_posix()) not in REACHED and _has_functions(path)
    )


def _has_functions(path: Path) -> bool:
    code = compile(path.read_bytes(), str(path), "exec")
    inside = [each for each in code.co_consts if isinstance(each, CodeType)]
    while inside:
        each = inside.pop()
        # The body of a class is code as well, but it runs when the module is imported.
        if each.co_flags & 0x2 and each.co_flags & 0x1:  # CO_NEWLOCALS, CO_OPTIMIZED
            return True
        inside += [each for each in each.co_consts if isinstance(each, CodeType)]
    return False
