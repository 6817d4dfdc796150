#!/usr/bin/env bash
# The package on the newest CPython that Debian has: the wheel for all of them, and one for the stable
# ABI of PEP 803 that this interpreter builds.
# usage: next_python.sh FOLDER WHEEL; UV and MATURIN name the tools.
set -euo pipefail
# shellcheck source=tests/long/debian.sh
. tests/long/debian.sh

set_up
attached "$@"

tested() {
    local name=$1
    shift
    # An environment and not only a folder on Python's path, which some tests leave out.
    inside "python$next_python" -m venv --clear --without-pip "/work/$name"
    local site=$root/work/$name/lib/python$next_python/site-packages
    "$UV" pip install --quiet --target "$site" --python-platform x86_64-manylinux_2_34 \
        --python-version "$next_python" --only-binary :all: \
        model2vec==0.10.0 safetensors tokenizers==0.23.3 pytest ml_dtypes pandas "$@"
    testing "$name" "$name/bin/python" "$pytest" /source/tests/test_kernels.py \
        /source/tests/test_output_dtype.py /source/tests/test_counts.py /source/tests/test_api.py \
        /source/tests/test_input.py /source/tests/test_import.py
    took "tested $name"
}

tested abi3 "$2"
rm -rf "$root/work/abi3t-dist"
building "maturin build --quiet --release --locked --features abi3t --interpreter python$next_python \
    --compatibility linux --out /work/abi3t-dist"
took "built" "$root"/work/abi3t-dist/*.whl
tested abi3t "$root"/work/abi3t-dist/*.whl
