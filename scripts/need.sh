#!/usr/bin/env bash
# See to it that a program is there: scripts/need.sh PROGRAM PACKAGE     (a Debian package; root may install it)
set -euo pipefail
program=$1 package=$2

command -v "$program" >/dev/null && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "$program is missing. Install it (Debian: sudo apt-get install $package), then run this again." >&2
    exit 1
fi

echo "Installing $package"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get -q -o Acquire::Retries=5 update && apt-get -q -y -o Acquire::Retries=5 install --no-install-recommends "$package"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$package could not be installed; the whole output is in $log." >&2
    exit 1
fi
rm -f "$log"
