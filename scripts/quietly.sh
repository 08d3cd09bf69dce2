#!/usr/bin/env bash
# Run a command and show what it printed only if it fails: scripts/quietly.sh COMMAND ...
set -uo pipefail
echo "$*"
output=$("$@" 2>&1) || { code=$?; printf '%s\n' "$output"; exit "$code"; }
