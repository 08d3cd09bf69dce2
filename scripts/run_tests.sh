#!/usr/bin/env bash
# All that must pass, with what it does and how far it is: scripts/run_tests.sh VENV PYTEST_OPTIONS...     (`make test` calls it)
#
# A part that fails does not keep the others from being run, so that one run shows everything that is wrong. What failed tests left lies in
# test-results (tests/support/evidence.py); the last lines say so.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1/bin
shift

PARTS=5
if [ -n "${TASKBAHN_PLAIN:-}" ]; then PARTS=4; fi # the last is what `make test-plain` does with all tests
# Once more without the workarounds that only make things quicker (docs/workarounds.md): starting, plain WAMP clients, kills.
PLAIN=(tests/router/test_plain_wamp.py tests/acceptance/test_starts.py
    tests/router/test_kills.py::test_a_killed_up_takes_the_rest_along_and_the_next_starts)
began=$SECONDS
number=0
failed=()

part() { # TITLE COMMAND...
    local title=$1 since=$SECONDS
    shift
    number=$((number + 1))
    echo
    echo "[$number of $PARTS, after $(span $((SECONDS - began)))] $title"
    if "$@"; then
        echo "[$number of $PARTS] done in $(span $((SECONDS - since)))"
    else
        failed+=("$title")
        echo "[$number of $PARTS] FAILED after $(span $((SECONDS - since)))"
    fi
}

span() {
    echo "$(($1 / 60)) min $(($1 % 60)) s"
}

installed() { # what a bare machine lacks; nothing of the tests would work without it
    # The headless shell is the same engine, and quicker (tests/support/chromium.py).
    bash scripts/need.sh Chromium chromium-headless-shell sh -c 'command -v chromium-headless-shell || command -v chromium' &&
        bash scripts/need.sh libatomic libatomic1 "$bin/python" -m playwright --version
}

rm -rf test-results
part "what the tests need: Chromium, libatomic" installed
if [ ${#failed[@]} -gt 0 ]; then exit 1; fi
part "lint, types, layers, sizes; the browser's modules" make --no-print-directory -j 2 lint check-web
part "all tests but those that measure time, a few at a time (about 6 minutes)" "$bin/pytest" -q --durations=20 --durations-min=5 "$@" -m "not alone"
part "the tests that measure time, one at a time (about a minute)" "$bin/pytest" -q -m alone

if [ -z "${TASKBAHN_PLAIN:-}" ]; then
    part "starts, plain WAMP and a kill without what only makes things quicker (half a minute)" env TASKBAHN_PLAIN=1 "$bin/pytest" -q "$@" "${PLAIN[@]}"
fi

echo
if [ ${#failed[@]} -eq 0 ]; then
    echo "All is well, in $(span $((SECONDS - began)))."
    exit 0
fi
echo "Failed, in $(span $((SECONDS - began))):"
printf '  %s\n' "${failed[@]}"
if [ -d test-results ]; then
    echo "What each failed test left (report, logs of nodes and workers, screenshot, source and console of its pages) is in:"
    find "$PWD/test-results" -mindepth 1 -maxdepth 1 -type d | sort | sed 's/^/  /'
fi
exit 1
