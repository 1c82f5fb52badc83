#!/bin/sh
# Install what the tests of the HTML report and of the page in web/ need: browsers and Node.js on Debian or Ubuntu, and the
# packages that package-lock.json pins, here and there.
set -eu
cd "$(dirname "$0")"
missing=
for package in chromium firefox-esr nodejs npm fonts-dejavu-core; do
    case $package in
        chromium | firefox-esr | npm) command -v "$package" >/dev/null && continue ;;
        nodejs) command -v node >/dev/null && continue ;;
        *) dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' && continue ;;
    esac
    missing="$missing $package"
done
# shellcheck disable=SC2086  # one word per package
sh ../install.sh $missing
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-progress
cd ../../web
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-progress
