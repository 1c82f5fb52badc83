#!/usr/bin/env bash
# The tests on the real CPython 3.11 of Windows, under Wine: by hand: the tests that are run without ARGUMENTS take 5 minutes.
#
#     tests/windows/wine.sh FOLDER [ARGUMENTS OF pytest]
#
# FOLDER takes 400 MB and is kept for the next time.  Debian: apt-get install wine wine64
# gcc-mingw-w64-x86-64-win32, and a Python 3.11.  python.org's own DLL is in a package of the Python index
# (panda3d, BSD; the DLL itself has the licence of Python); python.exe is eight lines of C around it.
# Wine has no consoles, no Ctrl-C, no NTFS and no old Windows: what needs these is not tried here.
set -euo pipefail
if [ $# -lt 1 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
checkout=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-python3.11}
for program in wine x86_64-w64-mingw32-gcc unzip "$python"; do
    command -v "$program" >/dev/null || { echo "$program is missing: see the head of $0" >&2; exit 2; }
done
export WINEPREFIX=$folder/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=' PIP_DISABLE_PIP_VERSION_CHECK=1
home=$folder/python

if [ ! -e "$home/python311.dll" ]; then
    "$python" -m pip download -q --no-deps --platform win_amd64 --python-version 3.11 --only-binary :all: \
        --dest "$folder/download" panda3d
    mkdir -p "$home"
    unzip -q -o -j "$folder"/download/panda3d-*.whl 'deploy_libs/*' -x 'deploy_libs/api-ms-win-*' -d "$home"
fi
if [ ! -e "$home/python.exe" ]; then
    cat >"$folder/python.c" <<'C'
#include <windows.h>
int wmain(int argc, wchar_t **argv)
{
    HMODULE dll = LoadLibraryW(L"python311.dll");
    int (*py_main)(int, wchar_t **) = dll ? (void *)GetProcAddress(dll, "Py_Main") : 0;
    return py_main ? py_main(argc, argv) : 99;
}
C
    x86_64-w64-mingw32-gcc -municode -o "$home/python.exe" "$folder/python.c"
fi
if [ ! -e "$home/Lib/os.py" ]; then  # what is pure Python is the same everywhere
    library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    mkdir -p "$home/Lib"
    tar -C "$library" --exclude=lib-dynload --exclude=site-packages --exclude=__pycache__ --exclude=test -cf - . |
        tar -C "$home/Lib" -xf -
fi
if [ ! -d "$home/Lib/site-packages" ]; then
    "$python" -m pip install -q --target "$home/Lib/site-packages" --platform win_amd64 --python-version 3.11 \
        --only-binary :all: dpkt click colorama rich 'pytest>=8' 'pytest-xdist>=3.6' 'hypothesis>=6.100' \
        'jsonschema==4.17.3' xmlschema markdown-it-py pyyaml pyte backports.zstd  # later ones want DLLs that Wine has not
fi

# Standard streams must be pipes: Wine's own files that may only be written fail when Python starts.
in_wine() { echo | wine "$home/python.exe" "$@" 2>&1 | cat; }

if [ ! -e "$WINEPREFIX/system.reg" ]; then
    wine wineboot -i >/dev/null 2>&1 || true
fi
cd "$checkout"
in_wine -c 'import platform, sys; print(sys.version, platform.platform())'
if [ $# -eq 0 ]; then
    set -- tests/capture tests/wire tests/reporters tests/test_output.py tests/test_windows.py tests/test_inventory.py
fi
in_wine -m pytest -q -p no:cacheprovider -n 0 "$@"
