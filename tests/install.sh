#!/bin/sh
# Install these packages of Debian or Ubuntu, and start none of their services.
#
#     sh tests/install.sh PACKAGE...
set -eu
[ $# -gt 0 ] || exit 0
# The packages try to start their services; where that is not possible the installation must not fail for it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Retries=3 update -q
apt-get -o Acquire::Retries=3 install -q -y --no-install-recommends "$@"
