"""The optional part of the build: without a C compiler the program is built all the same, and reads
captures in Python.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "nvgre_doctor.scan._scanner",
            ["nvgre_doctor/scan/_scanner.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
