#!/usr/bin/env bash
# Make the development environment: scripts/venv.sh [FOLDER]     (`make venv` calls it when setup.cfg changed)
#
# PYTHON  the interpreter to use; without it the first one on the machine that fits (3.11 to 3.13)
# EXTRAS  what to install beside the package itself; the default is all of it
# VERSIONS  the file with the versions; scripts/versions.txt if left out
# NEWEST  if set, the newest versions that setup.cfg allows, not those of VERSIONS
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-.venv}
extras=${EXTRAS-router,demo,test}

fits() {
    # Really run it: the name of an interpreter may be an empty shim, and Debian splits ensurepip off.
    "$1" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        if command -v "$candidate" >/dev/null && fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Taskbahn needs Python 3.11, 3.12 or 3.13 with venv; looked for: ${PYTHON:-python3.11 python3.12 python3.13 python3 python}." >&2
    echo "On Debian: apt-get install python3 python3-venv; or name one: make venv PYTHON=/path/to/python3.11" >&2
    exit 1
}

# Show what pip does, in one line that changes on a terminal, else in a line now and then: minutes of silence look like a fault.
show_progress() {
    local line doing count=0
    while IFS= read -r line; do
        case $line in
            "Collecting "*) doing=${line#Collecting } doing="package $((count += 1)): ${doing%% *}" ;;
            "Installing collected packages"*) doing="all are here; unpacks them" ;;
            *) continue ;;
        esac
        if [ -t 1 ]; then printf '\r\033[K  %s' "${doing:0:70}"; elif [[ $doing == all* ]] || ((count % 20 == 1)); then echo "  $doing"; fi
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

# crossbar -> autobahn[serialization] -> bjdata and py-ubjson, which are published as source only. Their C
# extensions speed up UBJSON, which we never speak: without them nothing is compiled, no compiler is needed, and
# bjdata cannot quarrel with NumPy (see setup.cfg, which pins NumPy for those who install without this script).
export PYUBJSON_NO_EXTENSION=1
export PYBJDATA_NO_EXTENSION=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_NO_INPUT=1

if ! [ -x "$folder/bin/python" ] || ! fits "$folder/bin/python"; then
    python=$(find_python)
    echo "Creating $folder with $("$python" --version)"
    rm -rf "$folder"
    "$python" -m venv "$folder"
fi

echo "Installing taskbahn${extras:+[$extras]} into $folder (the first time: one to ten minutes, by network and machine)"
pip=("$folder/bin/python" -m pip install --progress-bar off --retries 10 --timeout 60 --root-user-action ignore)
# A release of yesterday must not turn red today what was green: each environment has the versions that the last one had.
known=(--constraint "${VERSIONS:-scripts/versions.txt}")
if [ -n "${NEWEST-}" ]; then known=(--upgrade --upgrade-strategy eager); fi
complaints=$(mktemp) # warnings of those who build a package, and why it fails, if it does
trap 'rm -f "$complaints"' EXIT
# A registry that stumbles for a moment must not cost the whole run: what was fetched is in pip's cache.
for attempt in 1 2 3; do
    {
        "${pip[@]}" --upgrade "pip>=25" "setuptools>=77" && "${pip[@]}" "${known[@]}" --editable ".${extras:+[$extras]}"
    } 2>"$complaints" | show_progress && break
    cat "$complaints" >&2
    [ "$attempt" -lt 3 ] || { echo "The installation failed three times; the last error is above." >&2; exit 1; }
    echo "The installation failed; once more in ${attempt}0 seconds" >&2
    sleep "${attempt}0"
done

# Twisted writes its plugin cache (dropin.cache) at the first look, by importing every plugin, and one of them
# installs a reactor: the first process to look then dies of "reactor already installed". So look now.
"$folder/bin/python" -c 'from twisted.plugin import IPlugin, getPlugins; list(getPlugins(IPlugin))' >/dev/null

touch "$folder/.installed"
echo "Installed in $SECONDS s"
