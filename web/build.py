"""Builds the page that diagnoses captures in a browser: a static site, and the same in one file.

    python web/build.py OUT [--home URL] [--wheel FOLDER]

OUT/index.html and what lies beside it is the site; OUT/nvgre-doctor.html is all of it in one file,
which opens from disk.  URL is where the program comes from: the page leads there.  FOLDER gets the
site as a package, which is the extra `web`.

Pyodide is what package-lock.json pins by hash, and npm fetches it; the dependencies of the program
are those of the Python that runs this, as in release/build_pyz.py.  The same ones give the same
bytes.
"""

import argparse
import base64
import gzip
import hashlib
import html
import json
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "release")]

from build_pyz import entries, entry  # noqa: E402  beside this, and no package

from nvgre_doctor import __version__  # noqa: E402
from nvgre_doctor.reporters.html.page_files import (  # noqa: E402
    SCRIPTS,
    SHEETS,
    script,
    source_of,
    style,
)

SAMPLE = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
SINGLE = "nvgre-doctor.html"
PAGE_SCRIPTS = ("loading.js", "python.js", "captures.js", "page.js")
REPORT_STYLE = ROOT / "nvgre_doctor" / "reporters" / "html" / "assets" / "page.css"
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
    "<circle cx='16' cy='16' r='16' fill='#0b4f9e'/>"
    "<path d='M7 16H13L16 8L19 24L22 16H26' fill='none' stroke='#fff' stroke-width='3'/></svg>"
)
OFFLINE_SITE = (
    f'Or save <a href="{SINGLE}" download>the page as one file</a>, and open it on a computer that'
    " has no network."
)
LINK = ' <a href="{0}" rel="noreferrer">What it means, and how to install it</a>'
NO_IMPORTS = 'globalThis.importScripts = () => { throw new TypeError("nothing is imported"); };'
"""Pyodide tries it, and takes this for a module then, which it is but for its form."""
OFFLINE_FILE = "Or open this file on a computer that has no network: it holds everything."


def run(program: str, *arguments: str) -> None:
    """A program of Node.js, in this folder."""
    path = which(program)
    if path is None:
        raise SystemExit(f"{program} is not installed: it comes with Node.js")
    subprocess.run([path, *arguments], cwd=HERE, check=True, stdout=subprocess.DEVNULL)


def fetched() -> Path:
    """The folder of Pyodide, fetched unless what lies there is that of the lock file."""
    done, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--ignore-scripts", "--no-progress", "--no-audit", "--no-fund")
    return HERE / "node_modules" / "pyodide"


def program() -> bytes:
    """Our package and its dependencies."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(entries().items()):
            if name != "__main__.py":
                archive.writestr(entry(name), data, zipfile.ZIP_STORED)
    return out.getvalue()


def compiled(pyodide: Path) -> dict[str, bytes]:
    """The standard library of Pyodide and the program, compiled by Pyodide in Node.js."""
    with TemporaryDirectory() as place:
        library, ours = Path(place, "python_stdlib.zip"), Path(place, "program.zip")
        library.write_bytes((pyodide / library.name).read_bytes())
        ours.write_bytes(program())
        run("node", "compile.mjs", place)
        return {path.name: path.read_bytes() for path in (library, ours)}


def worker(pyodide: Path) -> bytes:
    """One classic script of three modules: it needs no other source of scripts than itself, and
    Chromium starts no module from a page that was opened from disk.
    """
    loader = without_map((pyodide / "pyodide.mjs").read_text("utf-8"))
    loader, exports = re.subn(r"export\{(\w+) as loadPyodide,[^}]*\};", r"return \1;", loader)
    runtime = without_map((pyodide / "pyodide.asm.mjs").read_text("utf-8"))
    runtime, defaults = re.subn(r"export default _createPyodideModule;", "", runtime)
    runtime = runtime.replace("import.meta.url", "location.href")
    if (exports, defaults) != (1, 1):
        raise SystemExit("this Pyodide is put together in another way")
    about = json.loads((pyodide / "pyodide-lock.json").read_bytes())["info"]
    own = (HERE / "worker.js").read_text("utf-8")
    return (
        f"{NO_IMPORTS}\nconst loadPyodide = (() => {{\n{loader}\n}})();\n{runtime}\n"
        f"const aboutPyodide = {json.dumps(about)};\n{own}"
    ).encode()


def without_map(code: str) -> str:
    """A browser would look for the map of the source."""
    return re.sub(r"^//# sourceMappingURL=.*$", "", code, flags=re.MULTILINE)


def parts() -> dict[str, bytes]:
    """What the page hands to its worker, and a sample."""
    pyodide = fetched()
    return {
        "worker.js": worker(pyodide),
        "pyodide.asm.wasm": (pyodide / "pyodide.asm.wasm").read_bytes(),
        **compiled(pyodide),
        "sample": SAMPLE.read_bytes(),
    }


def policy(own_style: str, own_script: str, *, is_site: bool) -> str:
    """The page's own style and script, those of reports, workers made of what is here, and no
    other.  Pyodide is fetched from where the page came from; then the page forbids that as well.
    """
    styles = [own_style, *(style(*names) for names in SHEETS)]
    scripts = [own_script, *map(script, SCRIPTS)]
    rules = {
        "default-src": "'none'",
        "script-src": " ".join([*map(source_of, scripts), "'wasm-unsafe-eval'"]),
        "style-src": " ".join(map(source_of, styles)),
        "worker-src": "blob: 'self'" if is_site else "blob:",
        "connect-src": "'self'" if is_site else "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def page(manifest: dict[str, object], packed: bytes | None, home: str) -> str:
    """The page; with everything inside where `packed` is given."""
    own_style = "\n".join(path.read_text("ascii") for path in (REPORT_STYLE, HERE / "site.css"))
    own_script = "".join((HERE / name).read_text("ascii") for name in PAGE_SCRIPTS)
    inside = "" if packed is None else base64.b64encode(packed).decode("ascii")
    values = {
        "policy": policy(own_style, own_script, is_site=packed is None),
        "icon": f"data:image/svg+xml,{quote(ICON, safe=chr(39) + ' =:/')}",
        "style": own_style,
        "script": own_script,
        "offline": OFFLINE_SITE if packed is None else OFFLINE_FILE,
        "version": html.escape(__version__),
        "home": LINK.format(html.escape(home)) if home else "",
        "manifest": json.dumps(manifest),
        "pack": f'<script type="text/plain" id="pack">{inside}</script>\n' if inside else "",
    }
    template = (HERE / "index.html").read_text("ascii")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def build(home: str = "") -> dict[str, bytes]:
    """Every file of the site, by name."""
    content = parts()
    packed = gzip.compress(b"".join(content.values()), 9, mtime=0)
    digest = hashlib.sha256(packed).hexdigest()[:16]
    manifest: dict[str, object] = {
        "parts": [[name, len(data)] for name, data in content.items()],
        "packed": len(packed),
        "sample": SAMPLE.name,
    }
    name = f"python-{digest}.bin"
    index = page({**manifest, "file": name, "worker": "offline.js"}, None, home).encode("ascii")
    version = hashlib.sha256(index).hexdigest()[:16]
    offline = (HERE / "offline.js").read_text("ascii")
    return {
        name: packed,
        "index.html": index,
        "offline.js": offline.replace("{{version}}", version).replace("{{file}}", name).encode(),
        SINGLE: page(manifest, packed, home).encode("ascii"),
    }


def wheel(site: dict[str, bytes]) -> dict[str, bytes]:
    """The site as a package without code: `nvgre-doctor web` finds it by its name (PEP 427)."""
    about = f"nvgre_doctor_web-{__version__}.dist-info"
    content = {
        "nvgre_doctor_web/__init__.py": b'"""The page of nvgre-doctor for browsers."""\n',
        **{f"nvgre_doctor_web/site/{name}": data for name, data in site.items()},
        f"{about}/METADATA": (
            "Metadata-Version: 2.4\nName: nvgre-doctor-web\n"
            f"Version: {__version__}\nSummary: The page of nvgre-doctor for browsers.\n"
            "License-Expression: MIT AND MPL-2.0 AND PSF-2.0\n"
        ).encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{name},sha256={record(data)},{len(data)}" for name, data in content.items()]
    content[f"{about}/RECORD"] = "\n".join([*rows, f"{about}/RECORD,,", ""]).encode()
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in content.items():
            archive.writestr(entry(name), data, zipfile.ZIP_DEFLATED, 9)
    return {f"nvgre_doctor_web-{__version__}-py3-none-any.whl": out.getvalue()}


def record(data: bytes) -> str:
    """A hash as a RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")


def main() -> None:
    """Write it where the first argument says."""
    parser = argparse.ArgumentParser(description="Build the page in the browser.")
    parser.add_argument("out", type=Path, help="the folder of the site")
    parser.add_argument("--home", default="", help="where the program comes from")
    parser.add_argument("--wheel", type=Path, help="the folder of the wheel nvgre_doctor_web")
    options = parser.parse_args()
    site = build(options.home)
    write(options.out, site)
    if options.wheel is not None:
        write(options.wheel, wheel(site))


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
