#!/usr/bin/env bash
# Platforms that are not served are refused when the crate is compiled, and the served ones are not:
# rust/core/src/platform.rs alone, for which rustc needs no standard library of the platform.
# usage: other.sh FOLDER PROCESSOR...
set -euo pipefail
folder=$1
shift
mkdir -p "$folder"
cat > "$folder/platform.rs" <<'EOF'
#![allow(internal_features)]
#![feature(no_core, rustc_attrs)]
#![no_core]
#[rustc_builtin_macro]
macro_rules! compile_error { ($text:expr) => {}; }
EOF
sed 's,^//!,//,' rust/core/src/platform.rs >> "$folder/platform.rs"
for processor in "$@"; do
    target=$processor-unknown-linux-gnu$([[ $processor != armv7 ]] || echo eabihf)
    if said=$(RUSTC_BOOTSTRAP=1 rustc --edition 2024 --crate-type lib --emit metadata \
            --target "$target" -o "$folder/platform.rmeta" "$folder/platform.rs" 2>&1); then
        said=
    fi
    case $processor in
        x86_64 | aarch64) wanted=served ;;
        *) wanted=refused ;;
    esac
    if grep -q 'm2v-fast serves' <<< "$said"; then found=refused; else found=served; fi
    if [[ $found == served && -n $said ]]; then
        echo "$said"
        exit 1
    fi
    echo "$processor: $found"
    [[ $found == "$wanted" ]]
done
