#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints the newest Python here that can make virtual environments, from version $1 to version $2 (3.10 3.12).
set -euo pipefail
first=${1#3.} last=${2#3.}
for ((minor = last; minor >= first; minor--)); do
    for python in "python3.$minor" "$HOME/.pyenv/versions/3.$minor."*/bin/python3; do
        # A name alone may be the shim of a version that is not chosen.
        if "$python" -c 'import ensurepip, venv' 2> /dev/null; then
            echo "$python"
            exit
        fi
    done
done
echo "There is no Python from 3.$first to 3.$last here that can make virtual environments." >&2
exit 1
