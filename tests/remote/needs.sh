#!/bin/sh
# Install what the tests of storage need beside packages of Python: sshd and Node.js on Debian or Ubuntu, and the packages
# that package-lock.json pins.  No service is started.
set -eu
cd "$(dirname "$0")"
missing=
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o Acquire::Retries=3 update -q
    # shellcheck disable=SC2086  # one word per package
    apt-get -o Acquire::Retries=3 install -q -y --no-install-recommends $missing
fi
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-progress
