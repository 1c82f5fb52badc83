"""The optional part of the build, and what makes it repeatable.

Without a C compiler the program is built all the same, and reads captures in Python.  Where
SOURCE_DATE_EPOCH is set, the same sources give the same bytes, in whatever folder they are built.
"""

import gzip
import os
import sys
import tarfile

from setuptools import Extension, setup
from setuptools.command.sdist import sdist


class Sdist(sdist):
    """An archive that does not say who made it, and when."""

    def make_archive(  # noqa: D102
        self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None
    ):
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = int(epoch), 0, 0, "", ""
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            return entry

        path = f"{base_name}.tar.gz"
        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", 9, file, mtime=int(epoch)) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(base_dir, filter=anonymous)  # in the order of names
        return path


setup(
    cmdclass={"sdist": Sdist},
    ext_modules=[
        Extension(
            "nvgre_doctor.scan._scanner",
            ["nvgre_doctor/scan/_scanner.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            # The folder in which it is compiled is of a moment.
            extra_compile_args=(
                [] if sys.platform == "win32" else [f"-ffile-prefix-map={os.getcwd()}=."]
            ),
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
