#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity on the collection in the folder given, with the Python that runs Ansible.
set -euo pipefail
cd "$1"
# ansible-test only warns when it has no shellcheck.
command -v shellcheck > /dev/null || { echo "shellcheck is missing." >&2; exit 1; }
# A cache of its own, with a stand-in for the script that it would fetch.
home=$(dirname "$(dirname "$(dirname "$(dirname "$PWD")")")")/sanity
cache=$home/.ansible/test/cache
mkdir -p "$cache"
pip=$(python -c 'import re, ansible_test._internal.python_requirements as r
print(re.search(r"pip=\x27([0-9.]+)\x27", open(r.__file__, encoding="utf-8").read()).group(1))')
cp tests/utils/get_pip.py "$cache/get_pip_${pip//./_}.py"
HOME=$home ansible-test sanity --color no --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
