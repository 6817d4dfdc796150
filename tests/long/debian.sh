# A root of Debian's next release beside this system's, for what it has newer: sourced by arm64.sh and
# next_python.sh, which run as root on Debian from the checkout with the folder as first argument.
# FOLDER/root is made once (three gigabytes), of Debian's own packages.
# shellcheck shell=bash

folder=$(realpath "$1")
root=$folder/root
# Its rustc is recent enough for us (Cargo.toml), which that of the stable release is not.
suite=forky
arm64_python=3.14
next_python=3.15
begun=$SECONDS

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin HOME=/root \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# Seconds of processors that its commands took so far.
processors() {
    local stat
    read -ra stat < /proc/$$/stat
    echo $(((stat[15] + stat[16]) / $(getconf CLK_TCK)))
}

# What was done, in seconds of the clock and of processors: on a busy machine the second say more.
took() {
    echo "== $* ($((SECONDS - begun)) s, $(($(processors) - worked)) s of processors)"
    begun=$SECONDS
    worked=$(processors)
}
worked=$(processors)

packages() {
    inside dpkg --add-architecture arm64
    inside apt-get update -q=2
    inside apt-get install -y -q=2 --no-install-recommends \
        cargo rustc libstd-rust-dev libstd-rust-dev:arm64 gcc libc6-dev \
        gcc-aarch64-linux-gnu libc6-dev:arm64 qemu-user \
        python$next_python python$next_python-dev python$next_python-venv
    # Unpacked and not installed: installing would run arm64 programs, for which the kernel knows no
    # emulator.
    inside sh -euxc "
        mkdir -p /opt/arm64 /tmp/debs/partial
        cd /tmp/debs
        apt-get install -y -q=2 --no-install-recommends --download-only \
            -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
            -o Dir::Cache::archives=/tmp/debs -o Dir::State::status=/dev/null \
            python$arm64_python libstdc++6
        for deb in *_arm64.deb; do dpkg-deb -x \$deb /opt/arm64; done
        rm -rf /tmp/debs"
}

set_up() {
    [[ ! -e $root/made ]] || return 0
    mkdir -p "$folder"
    local scripts=/usr/share/debootstrap/scripts
    [[ -d $scripts ]] ||
        { apt-get update -q=2 && apt-get install -y -q=2 --no-install-recommends debootstrap; }
    rm -rf "$root"
    # An older debootstrap does not know the suite, which is made as unstable is.
    debootstrap --variant=minbase --arch=amd64 $suite "$root" "" $scripts/sid > "$folder/setup.log" 2>&1
    # As lenient with the dates of a mirror's lists as this machine is.
    apt-config dump | sed -n '/^Acquire::Check-/p' > "$root/etc/apt/apt.conf.d/90dates"
    packages >> "$folder/setup.log" 2>&1 || { tail -n 30 "$folder/setup.log"; exit 1; }
    # A program of this architecture, so that tests can start Python as a process of its own.
    cat > "$root/usr/local/bin/python-arm64" <<EOF
#!/bin/sh
PYTHONHOME=/opt/arm64/usr exec qemu-aarch64 -L /opt/arm64 -0 "\$0" /opt/arm64/usr/bin/python$arm64_python "\$@"
EOF
    chmod +x "$root/usr/local/bin/python-arm64"
    touch "$root/made"
    took "set up $root"
}

# The script anew, with mounts of its own that end with it, and in them what it needs of this system.
attached() {
    [[ ${ATTACHED:-} == 1 ]] || ATTACHED=1 exec unshare --mount --propagation private bash "$0" "$@"
    mkdir -p "$root"/{source,cargo,data,work}
    mount --bind -o ro . "$root/source"
    mount --bind "${CARGO_HOME:-$HOME/.cargo}" "$root/cargo"
    [[ -z ${M2V_FAST_TEST_DATA:-} ]] || mount --bind -o ro "$M2V_FAST_TEST_DATA" "$root/data"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    # Another run may be using the one that is there.
    cp --remove-destination "$MATURIN" "$root/usr/local/bin/maturin"
}

# A command for cargo and what calls it.
building() {
    inside CARGO_HOME=/cargo CARGO_TARGET_DIR=/work/target CARGO_NET_OFFLINE=true \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64 "${settings[@]}" \
        sh -euc "cd /source && $*"
}

# testing SITE PYTHON ARGUMENT...: Python with the packages of a folder below /work.
testing() {
    local site=$1
    shift
    inside PYTHONPATH="/work/$site:/source" PYTHONDONTWRITEBYTECODE=1 \
        ${M2V_FAST_TEST_DATA:+M2V_FAST_TEST_DATA=/data} sh -euc "cd /work && $*"
}

# shellcheck disable=SC2034 # for those that source this
pytest="-m pytest -q -p no:cacheprovider -c /source/pyproject.toml --rootdir /source"
settings=()
