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
# shellcheck disable=SC2086  # one word per package
sh "$(dirname "$0")/../install.sh" $missing
