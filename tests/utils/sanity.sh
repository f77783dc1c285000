#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity on the collection in the folder given, with the Python that runs Ansible.
set -euo pipefail
cd "$1"
# ansible-test only warns when it has no shellcheck.
command -v shellcheck > /dev/null || { echo "shellcheck is missing." >&2; exit 1; }
# ansible-test keeps an environment for each of its tests under its home. Here it has one outside the checkout, so that
# other checkouts find them; they depend on ansible-core and on the interpreter.
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
key=$(python -c 'import hashlib, sys, ansible.release as r
print(r.__version__, hashlib.sha256((sys.version + sys.base_prefix).encode()).hexdigest()[:8], sep="-")')
cache=${XDG_CACHE_HOME:-$HOME/.cache}
home=$cache/glusterops-shares/sanity-$key
mkdir -p "$home/.ansible/test/cache" "$cache/pip"
[ -e "$home/.cache" ] || ln -sfn "$cache" "$home/.cache" # pip's own
# A stand-in for the script that it would fetch.
pip=$(python -c 'import re, ansible_test._internal.python_requirements as r
print(re.search(r"pip=\x27([0-9.]+)\x27", open(r.__file__, encoding="utf-8").read()).group(1))')
cp tests/utils/get_pip.py "$home/.ansible/test/cache/get_pip_${pip//./_}.py"
sanity() { HOME=$home ansible-test sanity --color no --python "$version" "$@"; }
if ! [ -e "$home/ready" ]; then
    exec 9> "$home/lock"
    flock 9 # another checkout may be making them
    [ -e "$home/ready" ] || sanity --prime-venvs
    touch "$home/ready"
    exec 9>&-
fi
sanity
