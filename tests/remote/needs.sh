#!/bin/sh
# Install what the tests of storage need beside packages of Python: sshd and Node.js on Debian or Ubuntu, and the packages
# that package-lock.json pins.  No service is started.
set -eu
cd "$(dirname "$0")"
missing=
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
# shellcheck disable=SC2086  # one word per package
sh ../install.sh $missing
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-progress
