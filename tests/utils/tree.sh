#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Copies the checkout to where Ansible's tools want a collection: .../ansible_collections/glusterops/shares.
set -euo pipefail
cd "$(dirname "$0")/../.."
tree=build/tree/ansible_collections/glusterops/shares
new=$tree.new
rm -rf "$new"
mkdir -p "$new"
# What is deleted but still in the index is listed too, so only what is there is copied.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ -e "$file" ] && printf '%s\0' "$file"
done | tar --null --files-from=- -cf - | tar -C "$new" -xf -
# A repository of its own: ansible-test would otherwise see the ignored folder of the checkout's.
git -C "$new" init -q
rm -rf "$tree"
mv "$new" "$tree"
