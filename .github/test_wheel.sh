#!/usr/bin/env bash
# Tests the wheel in a folder on interpreters: test_wheel.sh FOLDER VERSION... (in the checkout, with uv).
# VERSION:run only runs it, where not everything that the tests need has wheels.
# The wheel is what is tested, not the sources beside it: Python's own path has no folder python/.
set -euo pipefail
folder=$1
shift
for version in "$@"; do
    uv venv --clear --python "${version%:run}" "$RUNNER_TEMP/venv"
    if [[ -d "$RUNNER_TEMP/venv/Scripts" ]]; then
        scripts="$RUNNER_TEMP/venv/Scripts"
    else
        scripts="$RUNNER_TEMP/venv/bin"
    fi
    export VIRTUAL_ENV="$RUNNER_TEMP/venv"
    if [[ $version == *:run ]]; then
        uv pip install click numpy platformdirs tqdm
        uv pip install --no-deps "$folder"/*.whl
    else
        uv pip install --group test "$folder"/*.whl
        "$scripts/python" -m pytest --ignore tests/integrations --ignore tests/server \
            --ignore tests/server_system
    fi
    "$scripts/m2v-fast" demo
done
