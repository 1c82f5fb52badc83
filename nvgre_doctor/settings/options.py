"""Everything that can be asked of a diagnosis.  Knows names and defaults; checks nothing.

A new option is a field here, a check in `keys`, and a line in `commands._options`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nvgre_doctor.known.ignored import Ignore


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, checked.  Made by `keys.to_options`, or by `sources` from a file."""

    vsids: tuple[int, ...] = ()
    """VSIDs that you use."""
    vsid_complete: bool = False
    """Whether `vsids` and the inventory name every VSID in use: then what is not there proves
    something."""
    inventory: str | None = None
    """The path of a CSV export of Get-NetVirtualizationLookupRecord."""
    select: tuple[str, ...] = ()
    """Codes of findings to tell, or how they begin; none means all."""
    ignore: tuple[Ignore | str, ...] = ()
    """Codes of findings not to tell, or how they begin; with hosts and a reason where wanted."""
    expect: Mapping[str, str] = field(default_factory=dict)
    """Which layout a host or a network is meant to speak: "draft-00" or "rfc7637", by address."""
    not_nvgre: tuple[str, ...] = ()
    """Addresses and networks whose GRE is no NVGRE: it is counted, and says nothing."""
    jobs: int | None = None
    """How many threads may read; the report is the same with any number.  None: the command's
    own choice."""
    scheduler: str | None = None
    """Where a scheduler of Dask is, whose workers read what lies behind URLs."""
    format: str | None = None
    fail_on: str = "error"
    color: str = "auto"
    file: str | None = None
    """The configuration file that some of this comes from."""
    file_elsewhere: str | None = None
    """The same as a report names it; None if it lies in the working directory."""

    def __post_init__(self) -> None:
        """A text is several characters to Python, and would be taken for several values."""
        for name in ("vsids", "select", "ignore", "not_nvgre"):
            if isinstance(value := getattr(self, name), str):
                raise ValueError(f"{name}: expected a tuple such as ({value!r},), found {value!r}")
