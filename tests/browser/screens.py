"""Screenshots to be looked at: every page in six sizes, light and dark, in both browsers.

`python -m tests.browser.screens FOLDER` makes them; with `--pictures` it makes those of docs/ in
place.  Nothing is judged here: a person does that.
"""

import argparse
import struct
import tempfile
import zlib
from pathlib import Path

from tests.browser.browsers import PROGRAMS, Step, Visit, visit
from tests.browser.pages import REPORTS, write_pages
from tests.program import MISMATCH, ROOT, run

SIZES = ((360, 740), (390, 844), (768, 1024), (1024, 768), (1280, 900), (1920, 1080))
"""Two phones, a tablet, and three screens; the whole page is shown."""
PICTURES = ROOT / "docs" / "pictures"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the screenshots go")
    parser.add_argument("--pictures", action="store_true", help="make those of docs/")
    parser.add_argument("--browser", choices=PROGRAMS, action="append")
    parser.add_argument("--page", choices=REPORTS, action="append", help="only these pages")
    options = parser.parse_args()
    if options.pictures:
        make_pictures()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        for browser in options.browser or PROGRAMS:
            make_screens(options.folder, browser, options.page)


def make_screens(folder: Path, browser: str, names: list[str] | None) -> None:
    """Named as page, width, theme and browser."""
    with tempfile.TemporaryDirectory() as place:
        pages = write_pages(Path(place), names)
        visits = []
        for name, page in pages.items():
            for width, height in SIZES:
                for dark in (False, True):
                    theme = "dark" if dark else "light"
                    shot = folder.resolve() / f"{name}-{width}-{theme}-{browser}.png"
                    # Firefox is not told what the system prefers: the button turns it.
                    turn = [{"click": "#theme"}] if dark and browser == "firefox" else []
                    visits.append(Visit(page, [*turn, {"whole": str(shot)}], dark, width, height))
        visit(*visits, browser=browser)
    print(f"{len(visits)} screenshots of {browser} in {folder}")


def make_pictures() -> None:
    """Small ones, of a sample and of a laboratory."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        sample = Path(place) / "sample.html"
        sample.write_bytes(run(MISMATCH, "-f", "html").stdout)
        pages = write_pages(Path(place), ["mixed", "fabric"])

        def shot(name: str, section: str = "") -> list[Step]:
            still = "document.documentElement.style.scrollBehavior = 'auto';"
            if section:
                still += f"""document.querySelector("header").hidden = true;
                    document.documentElement.style.scrollPaddingTop = "0";
                    document.getElementById("{section}").scrollIntoView();"""
            return [{"run": still}, {"shot": str(PICTURES / name)}]

        visit(
            Visit(sample, shot("report.png"), width=960, height=688),
            Visit(pages["mixed"], shot("map.png", "map"), True, 960, 620),
            Visit(pages["mixed"], shot("timeline.png", "timeline"), False, 960, 400),
            Visit(pages["fabric"], shot("findings.png", "findings"), False, 960, 420),
            Visit(pages["mixed"], shot("phone.png"), True, 360, 640),
        )
    for picture in sorted(PICTURES.glob("*.png")):
        picture.write_bytes(packed_well(picture.read_bytes()))
        print(f"{picture.name}: {picture.stat().st_size:,} bytes")


def packed_well(png: bytes) -> bytes:
    """The same picture, deflated as well as zlib can."""
    data, kept, place = b"", [], 8
    while place < len(png):
        (size,) = struct.unpack_from(">I", png, place)
        name = png[place + 4 : place + 8]
        if name == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        else:
            kept.append(png[place : place + 12 + size])
        place += 12 + size
    body = b"IDAT" + zlib.compress(zlib.decompress(data), 9)
    image = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:8] + b"".join([*kept[:-1], image, kept[-1]])


if __name__ == "__main__":
    main()
