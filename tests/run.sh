#!/usr/bin/env bash
# Runs all the tests, from a fresh clone on a machine with cargo and python3.
#
# Builds the release binary, runs the Rust tests of the workspace in the release profile, the examples in its
# documentation, the tests with boto3, those of the container, and those with other clients, in Python and for Node; what
# Python needs is installed into .venv and .venv-<client>, what Node needs beside its tests, once. A part that this
# machine cannot do is a line that begins with SKIPPED. The last line is "N passed, N failed"; the exit code is 0 if
# nothing failed.
#
# FANQ_LONG=1 adds the tests that wait for real time to pass, a minute in all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -t 1 || -n "${NO_COLOR:-}" ]]; then
    export CARGO_TERM_COLOR=never NO_COLOR=1
fi

passed=0
failed=0
skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

say() { printf '\n== %s\n' "$*"; }

skip() {
    echo "SKIPPED $*"
    skipped=$((skipped + 1))
}

# Runs a command, keeps what it says in $log, and its exit code in $code.
try() {
    log="$logs/$1"
    shift
    code=0
    "$@" 2>&1 | tee "$log" || code=$?
}

# Adds the results of a part. A part that failed without a failed test did not run: that is a failure too.
count() {
    local part=$1 part_passed=$2 part_failed=$3
    if [[ $part_failed -eq 0 && ($code -ne 0 || $part_passed -eq 0) ]]; then
        echo "FAILED $part: it did not run to its end"
        part_failed=1
    fi
    passed=$((passed + part_passed))
    failed=$((failed + part_failed))
}

# Adds up a number in the result lines of libtest: "test result: ok. 3 passed; 0 failed; 1 ignored; …".
libtest() { sed 's/\x1b\[[0-9;]*m//g' "$log" | awk -v what="$1" '
    /^test result: / { for (i = 2; i <= NF; i++) if ($i ~ "^" what) sum += $(i - 1) }
    END { print sum + 0 }'; }

# A number of the summary of nextest: "Summary [ 1.2s] 5 tests run: 4 passed, 1 failed, 2 skipped".
nextest() { sed 's/\x1b\[[0-9;]*m//g' "$log" | awk -v what="$1" '
    $1 == "Summary" { found = 0; for (i = 2; i <= NF; i++) if ($i ~ "^" what) { split($(i - 1), n, "/"); found = n[1] } }
    END { print found + 0 }'; }

# Installs requirements into a virtual environment, as far as they are not there.
python_environment() {
    local environment=$1
    shift
    say "Requirements in $environment"
    [[ -x $environment/bin/python ]] || python3 -m venv "$environment"
    try requirements "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        "${@/#/--requirement=}"
    if [[ $code -ne 0 ]]; then
        echo "FAILED tests in $environment: their requirements cannot be installed"
        failed=$((failed + 1))
        return 1
    fi
}

# Runs the tests of a folder with pytest, and adds their results. It says itself what was skipped, and why.
python_tests() {
    local name=$1 folder=$2 environment=$3
    local part=${folder##*/}
    local results="$logs/$part.xml"
    local python_passed python_failed python_skipped
    say "$name"
    try "$part" "$environment/bin/python" -m pytest "$folder" --quiet -rsx --numprocesses auto --junitxml "$results"
    read -r python_passed python_failed python_skipped < <("$environment/bin/python" - "$results" <<'PYTHON'
import sys
from xml.etree import ElementTree

total = failed = skipped = 0
try:
    for suite in ElementTree.parse(sys.argv[1]).getroot().iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
except (OSError, ElementTree.ParseError):
    pass
print(max(total - failed - skipped, 0), failed, skipped)
PYTHON
    )
    count "$name" "$python_passed" "$python_failed"
    skipped=$((skipped + python_skipped))
}

# Installs what the tests in JavaScript need, unless it is there as the lock file has it.
javascript_requirements() {
    cd tests/clients/javascript && { cmp --silent package-lock.json node_modules/.installed ||
        { npm ci --loglevel=error && cp package-lock.json node_modules/.installed; }; }
}

# (The AWS SDK warns of a Node that it will no longer run on in the future.)
javascript_tests() {
    cd tests/clients/javascript && NODE_NO_WARNINGS=1 npm test --silent -- --test-reporter=spec
}

# A number of the summary of Node's test runner: "ℹ pass 3".
javascript() { awk -v what="$1" '$2 == what { found = $3 } END { print found + 0 }' "$log"; }

say "Build"
if ! cargo build --release --locked --package fanq --bin fanq; then
    echo "FAILED the build"
    echo "0 passed, 1 failed"
    exit 1
fi
target=${CARGO_TARGET_DIR:-target}
FANQ_BIN=$(cd "$target" && pwd)/release/fanq
export FANQ_BIN
# Where a test says that this machine does not allow what it needs (mounting, tracing).
export FANQ_SKIPPED=$logs/skipped

say "Rust tests"
if cargo nextest --version >/dev/null 2>&1; then
    try rust cargo nextest run --release --workspace --locked ${FANQ_LONG:+--run-ignored all}
    count "Rust tests" "$(nextest passed)" "$(($(nextest test) - $(nextest passed)))"
    ignored=$(nextest skipped)
else
    if [[ -n "${FANQ_LONG:-}" ]]; then
        try rust cargo test --release --workspace --locked --no-fail-fast --lib --bins --tests --examples -- --include-ignored
    else
        try rust cargo test --release --workspace --locked --no-fail-fast --lib --bins --tests --examples
    fi
    count "Rust tests" "$(libtest passed)" "$(libtest failed)"
    ignored=$(libtest ignored)
fi
if [[ $ignored -gt 0 ]]; then
    echo "SKIPPED $ignored Rust tests that take long (FANQ_LONG=1 runs them)"
    skipped=$((skipped + ignored))
fi
if [[ -s $FANQ_SKIPPED ]]; then
    cat "$FANQ_SKIPPED"
    without=$(wc -l <"$FANQ_SKIPPED")
    skipped=$((skipped + without))
    # They ended well because they did nothing.
    passed=$((passed - without))
fi

say "Examples in the documentation"
try documentation cargo test --release --workspace --locked --no-fail-fast --doc
doc_passed=$(libtest passed)
doc_failed=$(libtest failed)
if [[ $code -eq 0 ]]; then
    passed=$((passed + doc_passed))
else
    count "examples in the documentation" "$doc_passed" "$doc_failed"
fi

if ! command -v python3 >/dev/null; then
    skip "tests with clients in Python and of the container: there is no python3"
elif ! { [[ -x .venv/bin/python ]] || python3 -m venv .venv; }; then
    skip "tests with clients in Python and of the container: this python3 makes no virtual environments" \
        "(Debian: python3-venv)"
else
    if python_environment .venv tests/conformance/python/requirements.txt tests/container/requirements.txt; then
        python_tests "Tests with boto3" tests/conformance/python .venv
        python_tests "Tests of the container" tests/container .venv
    fi
    for requirements in tests/clients/python/*/requirements.txt; do
        client=$(basename "${requirements%/requirements.txt}")
        if python_environment ".venv-$client" "$requirements"; then
            python_tests "Tests with clients: $client" "tests/clients/python/$client" ".venv-$client"
        fi
    done
fi

node_version=$(node --version 2>/dev/null || true)
if ! [[ $node_version =~ ^v([0-9]+) ]] || [[ ${BASH_REMATCH[1]} -lt 20 ]] || ! command -v npm >/dev/null; then
    skip "tests with clients for Node: there is no node of version 20 or later with npm"
else
    say "Tests with clients for Node"
    try javascript-requirements javascript_requirements
    if [[ $code -eq 0 ]]; then
        try javascript javascript_tests
        count "tests with clients for Node" "$(javascript pass)" "$(($(javascript fail) + $(javascript cancelled)))"
        sed -n 's/^ *﹣ \(.*\) ([0-9.]*ms) # \(.*\)/SKIPPED \1: \2/p' "$log"
        skipped=$((skipped + $(javascript skipped)))
    else
        echo "FAILED tests with clients for Node: their requirements cannot be installed"
        failed=$((failed + 1))
    fi
fi

echo
if [[ $skipped -gt 0 ]]; then
    echo "$skipped skipped"
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
