"""nvgre-doctor: find out which Hyper-V hosts still speak the old NVGRE key layout, and who cannot
talk because of it.

The Python API is `diagnose`.  It is loaded when it is asked for, so that `nvgre-doctor --version`
waits for nothing.
"""

from typing import TYPE_CHECKING

__version__ = "1.0.0"
__all__ = ["__version__", "diagnose"]

if TYPE_CHECKING:
    from nvgre_doctor.doctor import diagnose
else:

    def __getattr__(name):
        if name == "diagnose":
            from nvgre_doctor.doctor import diagnose  # with all that it needs

            return diagnose
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
