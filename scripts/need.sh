#!/usr/bin/env bash
# Install a program if it is missing: scripts/need.sh PROGRAM PACKAGE [TRY...]     (a Debian package; root may install it)
#
# TRY is a command that works when it is there; without it the program is looked for on the path.
set -euo pipefail
program=$1 package=$2
shift 2

if [ $# -gt 0 ]; then "$@" >/dev/null 2>&1 && exit 0; else command -v "$program" >/dev/null && exit 0; fi

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
