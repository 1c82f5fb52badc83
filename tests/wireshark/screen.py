"""The picture in docs/wireshark.md: the real Wireshark, with our profile, on a screen of 1,280
pixels that nobody sees.

    python -m tests.wireshark.screen docs/pictures/wireshark.png

Needs wireshark, Xvfb, xdotool and ImageMagick.  Run by hand when the profile changes.  Prints what
is left in the person's folders after Wireshark has ended and `nvgre-doctor wireshark remove` ran.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.needs import need
from tests.program import MISMATCH
from tests.wireshark.person import NOBODY, Person, new_person

DISPLAY: Final = ":77"
WIDTH, HEIGHT = 1280, 720
OLD_HOST_FRAME: Final = "13"
PATIENCE: Final = 60
COLOURS: Final = "20"  # few enough for a small file


@contextmanager
def _screen() -> Iterator[None]:
    command = [need("Xvfb"), DISPLAY, "-screen", "0", f"{WIDTH}x{HEIGHT}x24"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield
    finally:
        server.terminate()
        server.wait()


def _on_screen(*command: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, "DISPLAY": DISPLAY}, capture_output=True, text=True, check=False
    )
    return done.stdout


def _window(title: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := _on_screen(need("xdotool"), "search", "--name", title).split():
            return found[-1]
        time.sleep(0.5)
    raise TimeoutError(f"Wireshark did not open {title} within {PATIENCE} s")


def _own(person: Person) -> None:
    """Wireshark treats root differently: it runs as somebody else, in whose folders it writes."""
    if os.geteuid() == 0:
        for path in (person.home, *person.home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def take(picture: Path) -> list[str]:
    """Take the picture.  Returns the files that are left when everything of ours was removed."""
    with new_person() as person, _screen():
        shutil.copy(MISMATCH, person.home / "lab.pcapng")
        person.nvgre_doctor("install")
        _own(person)
        user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        program = subprocess.Popen(
            [need("wireshark"), "-C", "NVGRE", "-g", OLD_HOST_FRAME, "lab.pcapng"],
            cwd=person.home,
            env={
                "HOME": str(person.home),
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "DISPLAY": DISPLAY,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **user,
        )
        try:
            window = _window("lab.pcapng")
            size = ("windowsize", window, str(WIDTH), str(HEIGHT))
            _on_screen(need("xdotool"), "windowmove", window, "0", "0", *size)
            time.sleep(3)
            whole = str(person.home / "screen.png")
            _on_screen(need("import"), "-window", "root", whole)
            # Without dates, so that the same screen gives the same bytes.
            reduce = ("+dither", "-colors", COLOURS, "-strip")
            chunks = ("-define", "png:exclude-chunks=date,time")
            _on_screen(need("convert"), whole, *reduce, *chunks, f"PNG8:{picture}")
            _on_screen(need("xdotool"), "windowfocus", window, "key", "ctrl+q")
            program.wait(PATIENCE)
        finally:
            program.kill()
        print("written by Wireshark:", *sorted(path.name for path in person.profile.iterdir()))
        print(person.nvgre_doctor("remove").stdout)
        return sorted(str(path.relative_to(person.home)) for path in person.home.rglob("*"))


if __name__ == "__main__":
    print("left:", *take(Path(sys.argv[1])), sep="\n  ")
