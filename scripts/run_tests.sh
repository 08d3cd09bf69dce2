#!/usr/bin/env bash
# All that must pass, with what it does and how far it is: scripts/run_tests.sh VENV PYTEST_OPTIONS...     (`make test` calls it)
#
# A part that fails does not keep the others from being run, so that one run shows everything that is wrong. What failed tests left lies in
# test-results (tests/support/evidence.py); the last lines say so.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1/bin
shift

PARTS=4
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
        bash scripts/need.sh libatomic libatomic1 "$bin/python" -m playwright --version &&
        bash scripts/need.sh nginx nginx-light sh -c "PATH=\$PATH:/usr/sbin; command -v nginx" &&
        bash scripts/need.sh ImageMagick imagemagick sh -c 'for found in $(which -a convert); do "$found" -version && exit; done; exit 1' &&
        make --no-print-directory .venv-examples/.installed
}

rm -rf test-results
part "what the tests need: Chromium, libatomic, nginx, ImageMagick, FastAPI and Django" installed
if [ ${#failed[@]} -gt 0 ]; then exit 1; fi
if [ -z "${TASKBAHN_PLAIN:-}" ]; then
    part "lint, types, layers, sizes; the browser's modules; some tests without workarounds" make --no-print-directory -j 3 check-plain lint check-web
else # all tests are without workarounds then
    part "lint, types, layers, sizes; the browser's modules" make --no-print-directory -j 2 lint check-web
fi
part "all tests but those that measure time, a few at a time (about 25 minutes)" "$bin/pytest" -q --durations=20 --durations-min=5 "$@" -m "not alone"
# Only the files that have such a test: collecting all takes six seconds.
part "the tests that measure time, one at a time (about 2 minutes)" \
    "$bin/pytest" -q -m alone $(grep -rlF mark.alone --include='test_*.py' tests)

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
