#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the system's packages that are missing for the words given: "python", "lab" and "vm".
set -euo pipefail

missing=()
lean=() # without what they recommend: of qemu, that would be a desktop
need() { # command package
    command -v "$1" > /dev/null 2>&1 || want "$2"
}
want() {
    [[ " ${missing[*]} " == *" $1 "* ]] || missing+=("$1")
}

for part in "$@"; do
    case $part in
        python)
            need git git
            need tar tar
            need gcc gcc
            python3 -c 'import ensurepip, venv' 2> /dev/null || want python3-venv
            ;;
        lab)
            need podman podman
            # podman's networks need it, but its package does not say so.
            need iptables iptables
            # The runtime is chosen by trying; runc also works where crun refuses the machine's cgroups.
            need runc runc
            ;;&
        vm)
            command -v qemu-system-x86_64 > /dev/null 2>&1 || lean+=(qemu-system-x86)
            need mke2fs e2fsprogs
            ;;&
        lab | vm)
            need mmdebstrap mmdebstrap
            [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || want debian-archive-keyring
            need ssh openssh-client
            ;;
    esac
done
all=("${missing[@]}" "${lean[@]}")
[ ${#all[@]} -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null 2>&1 || {
        echo "Missing: ${all[*]}. Install them, or run this as root or where sudo is." >&2
        exit 1
    }
    run=(sudo)
fi
command -v apt-get > /dev/null 2>&1 || {
    echo "Missing: ${all[*]}. There is no apt-get here, so install them and try again." >&2
    exit 1
}
echo "Installing ${all[*]} ..."
log=$(mktemp)
install() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y "$@"; }
everything() {
    "${run[@]}" apt-get update &&
        { [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"; } &&
        { [ ${#lean[@]} -eq 0 ] || install --no-install-recommends "${lean[@]}"; }
}
if ! everything > "$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "apt-get could not install ${all[*]}; its whole output is in $log." >&2
    exit 1
fi
rm -f "$log"
