# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap

# The options of one volume, at the top of a module or in a list.
_VOLUME = r"""
name:
  description:
    - The volume's name, up to 128 of A-Z, a-z, 0-9, C(_) and C(-).
    - If several volumes have this name (Heketi allows that in different clusters), the task is refused.
  type: str
  required: true
state:
  description:
    - V(present) creates the volume, clones it if O(clone_of) is given, or expands it if it is smaller than O(size).
    - V(absent) deletes the volume with all that is in it, whether it is mounted or not.
  type: str
  choices: [present, absent]
  default: present
size:
  description:
    - What the volume can hold at least (less some space for the bricks' file systems), such as V(100G) or V(1.5T).
      Units are powers of 1024. It is rounded up to whole GiB, and is at most 2^34 GiB.
    - A volume that is larger already stays as it is, because volumes do not shrink. A clone is never expanded.
    - Required when O(state=present), unless O(clone_of) is given.
  type: str
spare_factor:
  description:
    - How many times O(size) is allocated when the volume is created, or has become too small and is expanded.
      From V(1) to V(100).
    - With V(1.5) a volume that was created for V(100G) needs no new bricks until more than V(150G) is asked for.
  type: float
  default: 1.0
  version_added: "0.2.0"
clone_of:
  description:
    - If the volume is not there, it is cloned from the volume of this name, with all that is stored in it.
      Size, durability, options and access list are those of its source at that moment; but quota is off.
    - The bricks must be thinly provisioned logical volumes, as Heketi makes them. Otherwise Gluster refuses.
    - The clone is started at once, so whoever may mount the source may mount the clone until its access list is
      changed.
    - O(clusters), O(snapshot_factor), O(gid), O(spare_factor), O(volume_options) and O(seal) cannot be given with it,
      and O(durability) is ignored. O(size) may not be more than the source has, since clones cannot be expanded.
  type: str
  version_added: "0.2.0"
durability:
  description:
    - How the data is kept on several servers. V(replicate-3-arbiter) has two copies, and one brick with nothing but
      names and attributes. V(disperse-4+2) spreads the data over six bricks, of which any two may be lost.
    - Each brick of a set is on another server. It cannot be changed later.
  type: str
  choices: [none, replicate-2, replicate-3, replicate-3-arbiter, disperse-2+1, disperse-4+2, disperse-8+3, disperse-8+4]
  default: replicate-3
clusters:
  description: The ids of the clusters that may get the volume. If empty, Heketi chooses from all of them.
  type: list
  elements: str
  default: []
snapshot_factor:
  description:
    - How much space is set aside for the volume and its snapshots, as a multiple of its size, from V(1) to V(100).
    - If not set, a new volume is made without snapshots enabled.
  type: float
gid:
  description: The group that may write to the volume's root directory. If not set, only root may.
  type: int
volume_options:
  description:
    - Gluster options that are set before the volume is first started, by name. Booleans become V(on) and V(off).
    - C(cluster.lookup-optimize) is off in every volume that is made, and cannot be on. With it, existing files vanish
      for clients while Gluster rebalances a volume, as it does when Heketi has expanded it. Before you expand a volume
      that was made otherwise, set it off in Gluster.
    - Heketi hands them to a shell without quoting, so a value may have nothing but
      A-Z, a-z, 0-9 and C(@%+=:,./_-).
  type: dict
  default: {}
seal:
  description:
    - Makes TLS obligatory for the volume before it is first started, and admits these identities (certificate CNs)
      and nobody else.
    - Name every server on which the volume may get bricks, and whoever may mount it. Never empty, and without C(*).
    - Sets the options C(auth.ssl-allow), C(client.ssl) and C(server.ssl), which O(volume_options) may not have then.
    - To change the identities of an existing volume use M(glusterops.shares.gluster_share_access).
  type: list
  elements: str
"""


class ModuleDocFragment:
    # What a module does that makes volumes, whether one or many.
    DOCUMENTATION = r"""
options:
  known_volumes:
    description:
      - All volumes that Gluster has, as one read of Gluster gave them, by their names.
      - In place of its name a volume may have a dictionary of its C(name), its C(heketi_id), which is its option
        C(user.heketi.id) (empty if it has none), and its C(bricks), paths of some of them. Where neither says that it
        is Heketi's volume of that name, it is refused, because Heketi deletes, expands and clones by name.
      - A volume that Gluster has and Heketi does not know is destroyed by Heketi when it is asked to create one of the
        same name. So before something is created the name is looked for here, and refused if it is found. It is
        refused, too, if Heketi has volumes in a cluster that it may choose, and none of them is here.
      - Where C(state=absent) is asked for, what Gluster has and Heketi does not is refused.
      - If not given, Heketi is asked to look on its servers (C(GET /internal/state/examine/gluster), Heketi 9 and
        later), once, and only if something is to be created. That takes seconds, and more with many volumes. So it is
        after something was waited for, or cleaned up.
    type: list
    elements: raw
  known_servers:
    description:
      - The servers that may get bricks, by the manage or storage names that Heketi has for them. Name those that have
        their TLS identity, because a sealed volume's brick on any other server answers nobody, and Gluster calls that a
        success.
      - Before something is created or expanded, Heketi's topology is read, and the task is refused if Heketi could
        choose another server. If not given, Heketi may choose whatever it has.
    type: list
    elements: str
    version_added: "0.2.0"
  clean_up:
    description:
      - Whether what Heketi began with these volumes and did not finish, because it was restarted or failed on the way,
        is cleaned up first. Heketi then undoes the creation or expansion, or finishes the deletion.
      - Without this permission such a volume makes the task fail before anything is changed, and the message names the
        operation. M(glusterops.shares.gluster_heketi_info) lists all of them.
      - Where C(state=absent) is asked for, a deletion that was not finished is finished without it.
      - Nothing is cleaned up when any volume is refused. Heketi does not see who has a volume mounted that it destroys
        by this.
    type: bool
    default: false
    version_added: "0.2.0"
  check_room:
    description:
      - Whether check mode refuses what Heketi surely has no room for. Where it depends on Heketi's luck, it is not
        refused.
      - Say V(false) where servers or devices are to be added before the real run.
    type: bool
    default: true
    version_added: "0.2.0"
notes:
  - Nothing is done twice because an answer was lost. What became of such a request is found out by reading, and if that
    does not tell, the task fails with RV(error=outcome_unknown).
  - A volume that Heketi is just creating, expanding or deleting is waited for, for at most O(operation_timeout).
"""

    # Annotated, because ansible-test takes a plain assignment for a literal.
    VOLUME: str = "options:\n" + textwrap.indent(_VOLUME, "  ")

    VOLUMES: str = r"""
options:
  volumes:
    description:
      - The volumes. All are checked before anything is changed, and none may stand there twice.
      - Volumes that are to be deleted are deleted before others are created or expanded.
    type: list
    elements: dict
    required: true
    suboptions:
""" + textwrap.indent(_VOLUME.replace("O(", "O(volumes[]."), "      ")
