"""Writing files: whole or not at all, UTF-8, LF, and never over something that is not ours.

Knows no reports; what is said on the terminal goes through `console`.  Files are written beside
their place and moved there, so that nobody ever finds half of one; devices and named pipes are
written through, not replaced.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from nvgre_doctor.errors import DoctorError
from nvgre_doctor.terminal.places import Place, find_place
from nvgre_doctor.terminal.text_files import read_bytes
from nvgre_doctor.terminal.visible import visible

STDOUT = "-"
ON_WINDOWS = os.name == "nt"
_DEVICES = {"CON", "PRN", "AUX", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3"
}
_SAMPLE_SIZE = 512
_SLASHES = tuple(filter(None, (os.sep, os.altsep)))


class OutputError(DoctorError):
    """An output that cannot be written; the text says which, why and what to do."""


def check_writable(path: str) -> None:
    """Refuse early, before hours of reading, what would fail at the end.  Creates nothing.

    Errors: OutputError for a folder, a missing or read-only folder, a read-only file, and an
    existing file that is no text: `-o *.pcap` would otherwise replace a capture.
    """
    mode = check_place(path)
    if mode is not None and stat.S_ISREG(mode) and not _is_text(path):
        raise OutputError(
            f"{visible(path)}: exists and is not a text file (a capture?); delete it first if it"
            " may be replaced"
        )


def check_place(path: str) -> int | None:
    """The file mode of what is at `path`, None where nothing is.

    Errors: OutputError for a folder, a missing or read-only folder, a read-only file, the name of a
    device of Windows, and what another user laid into the way.
    """
    name = visible(path)
    if ON_WINDOWS and is_device(path):
        raise OutputError(f"{name}: Windows takes this name for a device; choose another one")
    place = _place(path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        # "reports/" leads to "reports", and a file of this name is not what was meant.
        folder = path if path.endswith(_SLASHES) else os.path.dirname(place.path)
        if not os.path.isdir(folder):
            raise OutputError(f"{name}: the folder {visible(folder)} does not exist") from None
        if not os.access(folder, os.W_OK):
            raise OutputError(f"{name}: the folder {visible(folder)} is read-only") from None
        return None
    except (OSError, ValueError) as error:
        raise OutputError(because(path, error)) from error
    if stat.S_ISDIR(mode):
        raise OutputError(f"{name}: is a folder; give the name of a file in it")
    if place.planted is not None and not stat.S_ISREG(mode):
        raise OutputError(_planted(path, "belongs to"))
    if not os.access(path, os.W_OK):
        raise OutputError(f"{name}: is read-only")
    return mode


def is_device(path: str) -> bool:
    """Whether Windows takes the last part of a path for a device, whatever its ending; NUL alone
    may be written to.
    """
    last = path.replace("\\", "/").rpartition("/")[2]
    stem = last.partition(".")[0].partition(":")[0].rstrip(" ").upper()
    return stem in _DEVICES or (stem == "NUL" and last.upper() != "NUL")


def real_path(path: str) -> str:
    """The absolute path behind links.  Errors: OutputError where a relative path means nothing any
    more, where Windows cannot resolve it, and where another user laid a link into the way.
    """
    return _place(path).path


def _place(path: str) -> Place:
    try:
        place = find_place(path)
    except FileNotFoundError:
        raise OutputError(f"{visible(path)}: the working directory was deleted") from None
    except (OSError, ValueError) as error:
        raise OutputError(because(path, error)) from error
    if place.planted is not None and place.planted != place.path:
        raise OutputError(_planted(path, f"leads over the link {visible(place.planted)} of"))
    return place


def _planted(path: str, what: str) -> str:
    return (
        f"{visible(path)}: {what} another user, in a folder that others can write to; choose"
        " another place"
    )


def write_file(path: str, text: str) -> None:
    """Write `text` to `path`, atomically where `path` is a regular file or does not exist yet.

    A symbolic link stays one, and an existing file keeps its permissions.  Errors: OutputError;
    then nothing was changed.
    """
    place, old = _place(path), _status(path)
    if old is None or stat.S_ISREG(old.st_mode):
        with replacing(path) as stream:
            stream.writelines(_encoded(text))
        return
    if place.planted is not None:
        raise OutputError(_planted(path, "belongs to"))

    def the_same(name: str, flags: int) -> int:
        """It was looked at, so it is there: nothing is made, and nothing cut to length."""
        descriptor = os.open(name, flags & ~(os.O_CREAT | os.O_TRUNC))
        if not os.path.samestat(os.fstat(descriptor), old):
            os.close(descriptor)
            raise OSError(errno.ESTALE, "it was replaced by something else meanwhile")
        return descriptor

    try:
        with open(path, "wb", opener=the_same) as stream:
            stream.writelines(_encoded(text))
    except (OSError, ValueError) as error:
        raise OutputError(because(path, error)) from error


def _encoded(text: str) -> Iterator[bytes]:
    """In pieces: the report of a fleet is large, and would be there twice."""
    for start in range(0, len(text), 1 << 20):
        yield text[start : start + (1 << 20)].encode("utf-8", "backslashreplace")


@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """A stream to a new file, which takes the place of `path` when the block ends, and vanishes
    when it ends with an error.

    For regular files, and where nothing is yet.  Nobody else can read the new file before it is
    complete.  Errors: OutputError, also for every OSError in the block.
    """
    place, old = _place(path), _status(path)
    try:
        # A short name of its own: the target's may already be as long as the file system allows.
        temporary = os.path.join(
            os.path.dirname(place.path), f".nvgre-doctor-{os.urandom(6).hex()}.tmp"
        )
        try:
            with open(temporary, "xb", opener=_open_private) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                _set_mode(stream.fileno(), temporary, None if place.planted else old)
            os.replace(temporary, place.path)
        except BaseException:  # Ctrl-C as well
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise OutputError(because(path, error)) from error


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)


def _set_mode(descriptor: int, path: str, old: os.stat_result | None) -> None:
    """Let those read a new file who could read the old one, or else whom the umask lets.

    What runs as somebody else (setuid, setgid) is never handed on: the new file is ours.  Where a
    file system has no such modes, it keeps those that it gives.
    """
    if old is None:
        umask = os.umask(0o077)
        os.umask(umask)
        mode = 0o666 & ~umask
    else:
        mode = old.st_mode & 0o777
        if os.name != "nt" and os.fstat(descriptor).st_gid != old.st_gid:
            try:
                os.fchown(descriptor, -1, old.st_gid)
            except OSError:
                mode &= ~stat.S_IRWXG  # it would be another group
    with contextlib.suppress(OSError):
        os.chmod(descriptor if os.chmod in os.supports_fd else path, mode)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(because(path, error)) from error


def _is_text(path: str) -> bool:
    """Whether the beginning of a file can be something that we wrote: UTF-8 without NUL."""
    try:
        sample = read_bytes(path, _SAMPLE_SIZE)
    except OSError:
        return True  # it may be written even if it may not be read
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut by the end of the sample.
        if len(sample) < _SAMPLE_SIZE or error.start < _SAMPLE_SIZE - 3:
            return False
    return b"\0" not in sample


def because(path: str, error: OSError | ValueError) -> str:
    """What could not be written, and why."""
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{visible(path)}: {reason or error}"
