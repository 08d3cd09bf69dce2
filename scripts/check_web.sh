#!/usr/bin/env bash
# Check what the browser loads: eslint, the order of its parts, tsc over the JSDoc types, node's own test runner. And what pyright tells a user
# of the Python package, for it runs on node, too: scripts/check_web.sh PYTHON
# Needs node and npm, which nothing else here does; without them it says so and lets the rest go on.
set -euo pipefail
cd "$(dirname "$0")/../web"

if ! command -v npm >/dev/null || ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
    echo "check-web is skipped: eslint, tsc, pyright and the tests of the page's modules need node 20.19 or newer with npm"
    exit 0
fi

if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    bash ../scripts/quietly.sh npm ci
    touch node_modules/.package-lock.json
fi
bash ../scripts/quietly.sh npm run --silent check
bash ../scripts/quietly.sh node_modules/.bin/pyright --project ../tests/typing --pythonpath "$1"
