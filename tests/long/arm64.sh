#!/usr/bin/env bash
# The package on an emulated arm64, built by Debian's compiler; ids and vectors are compared with figures
# that were made here.
# usage: arm64.sh FOLDER, with figures in FOLDER/figures; UV and MATURIN name the tools.
set -euo pipefail
# shellcheck source=tests/long/debian.sh
. tests/long/debian.sh

set_up
attached "$@"
mkdir -p "$root/figures"
mount --bind "$folder/figures" "$root/figures"

target=aarch64-unknown-linux-gnu
tests="cargo test --locked --quiet --target $target -p m2v-fast --lib --test model"
# With overflow checks, as the core's tests are, and with kernels inlined, as they are when shipped.
settings=(PYO3_NO_PYTHON=1 CARGO_PROFILE_DEV_OPT_LEVEL=1)
building "$tests --no-run" 2> "$folder/warnings" || { cat "$folder/warnings"; exit 1; }
# What only other processors use is not here, and what is not used is a fault (`make lint`).
if grep -q '^warning' "$folder/warnings"; then cat "$folder/warnings"; exit 1; fi
rm -rf "$root"/work/arm64*
# As the core's tests are built, with overflow checks; the wheels workflow tests the optimized one on real
# processors.
building "maturin build --quiet --profile dev --locked --target $target --compatibility linux \
    --interpreter python3.10 --out /work/arm64-dist"
"$UV" pip install --quiet --target "$root/work/arm64" --python-platform aarch64-manylinux_2_28 \
    --python-version "$arm64_python" --only-binary :all: --group reference pytest ml_dtypes pandas \
    "$root"/work/arm64-dist/*.whl
took "built"

# It starts itself anew, for which the kernel knows no emulator.
building "$tests -- --skip a_process_killed_at_any_step"
took "the core's tests"

testing arm64 python-arm64 -m tests.long.figures check /figures
took "figures"

testing arm64 python-arm64 "$pytest" /source/tests/test_kernels.py /source/tests/test_output_dtype.py \
    /source/tests/test_counts.py /source/tests/test_api.py /source/tests/test_input.py
took "Python tests"
