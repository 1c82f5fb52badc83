#!/bin/sh
# Install what the lab needs on Debian or Ubuntu.  Nothing is started: the lab brings up its own switches.
set -eu
packages="openvswitch-switch nftables tcpdump tshark iputils-ping iproute2 util-linux"
if [ "${1:-}" = --list ]; then
    echo "$packages"
    exit 0
fi
missing=
for package in $packages; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
# The packages try to start their services; where that is not possible the installation must not fail for it.
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
