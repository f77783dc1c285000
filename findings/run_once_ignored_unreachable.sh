#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-core 2.19.14: with run_once, an unreachable host that is ignored ends the run for every host.
#
# "ignore_unreachable: true" is said to let the play go on. It does, unless the task is also "run_once: true": then the
# answer counts as fatal for all hosts. Nothing that follows is run, in this play or a later one; there is no message
# but "...ignoring"; the recap has no unreachable and no failed host; only the exit code, 2, tells. "ignore_errors: true"
# beside it lets the run go on, although nothing failed. The same was seen with 2.17.14 and 2.21.5.
#
#   run_once=false ignore_errors=false: exit 0, goes on
#   run_once=true  ignore_errors=false: exit 2, ends, recap: failed=0 unreachable=0 ignored=1
#   run_once=true  ignore_errors=true : exit 0, goes on
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ANSIBLE_HOME=$work/home LC_ALL=C.UTF-8
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install ansible-core==2.19.14
# Nobody listens on that port.
echo 'gone ansible_host=127.0.0.1 ansible_port=9' > "$work/inventory"
cat > "$work/play.yml" <<'END'
- hosts: gone
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
      run_once: "@once@"
      ignore_unreachable: true
      ignore_errors: "@errors@"
    - ansible.builtin.debug:
        msg: goes on
END
failed=0
try() {
    local once=$1 errors=$2 expected=$3 said seen rc=0
    sed "s/\"@once@\"/$once/; s/\"@errors@\"/$errors/" "$work/play.yml" > "$work/this.yml"
    said=$("$work/venv/bin/ansible-playbook" -i "$work/inventory" "$work/this.yml" 2>&1) || rc=$?
    seen="exit $rc, $(grep -q '"msg": "goes on"' <<< "$said" && echo goes on || echo ends)"
    echo "run_once=$once ignore_errors=$errors: $seen; recap: $(sed -n 's/^gone *: //p' <<< "$said")"
    [ "$seen" = "$expected" ] || failed=1
}
try false false "exit 0, goes on"
try true false "exit 2, ends"
try true true "exit 0, goes on"
exit $failed
