# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The REST API: routes, and what happens to a request before and after them."""

from __future__ import annotations

import posixpath
import re
import sys
import time
import traceback
import typing as t
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, RequestRedirect

from . import auth, block, evict, topology, views, volumes, wire
from .allocate import AllocationError
from .cleanup import clean
from .clone import VolumeClone
from .evict import BrickEvict
from .operations import Busy, Heketi, Operation, OperationError, Panic
from .state import BLOCKVOLUMES, BRICKS, CLUSTERS, DEVICES, NODES, NOT_FOUND, PENDING, VOLUMES, Entry, Lost
from .topology import find
from .wire import HttpError, Validation, answer, decode, error_answer, json_answer, link_answer, text_answer

OPEN_PATHS = ("/hello", "/metrics")
LOG_LEVELS = ("none", "critical", "error", "warning", "info", "debug")
VOLUME_SHAPE = {
    "size": int,
    "clusters": [str],
    "name": str,
    "durability": {
        "type": str,
        "replicate": {"replica": int},
        "disperse": {"data": int, "redundancy": int},
    },
    "gid": int,
    "glustervolumeoptions": [str],
    "block": bool,
    "snapshot": {"enable": bool, "factor": float},
}
NODE_SHAPE = {"zone": int, "hostnames": {"manage": [str], "storage": [str]}, "cluster": str, "tags": {"*": str}}
DEVICE_SHAPE = {"node": str, "name": str, "destroydata": bool, "tags": {"*": str}}
BLOCK_SHAPE = {"size": int, "clusters": [str], "name": str, "hacount": int, "auth": bool}


class HexConverter(BaseConverter):
    regex = "[A-Fa-f0-9]+"


def create_app(heketi: Heketi) -> Flask:
    # Heketi names paths; older versions of the library would make addresses of them.
    Response.autocorrect_location_header = False
    app = Flask("heketi", static_folder=None)
    app.url_map.converters["hex"] = HexConverter
    app.url_map.merge_slashes = False
    _add_gate(app, heketi)
    _add_errors(app)
    _add_misc(app, heketi)
    _add_clusters(app, heketi)
    _add_nodes(app, heketi)
    _add_devices(app, heketi)
    _add_volumes(app, heketi)
    _add_block_volumes(app, heketi)
    _add_operations(app, heketi)
    return app


def body(shape: wire.Shape) -> dict[str, t.Any]:
    return decode(request.get_data(), shape)


def accepted(key: str) -> Response:
    return answer(202, headers={"Location": f"/queue/{key}"})


def start(heketi: Heketi, operation: Operation, failed: str = "") -> Response:
    """Queue an operation; what already keeps it from beginning is the answer."""
    try:
        return accepted(heketi.start_operation(operation))
    except (OperationError, AllocationError, Lost) as error:
        raise HttpError(500, f"{failed}: {error}" if failed else str(error)) from error


def raw_path() -> str:
    """The decoded path as it was sent; WSGI servers tidy up PATH_INFO."""
    uri = request.environ.get("REQUEST_URI")
    if uri is None:
        return request.path
    return unquote_to_bytes(uri.split("?", 1)[0]).decode("utf-8", "surrogateescape")


# Before and after


def _add_gate(app: Flask, heketi: Heketi) -> None:
    keys = {"admin": heketi.config.admin_key, "user": heketi.config.user_key}

    @app.before_request
    def gate() -> Response | None:
        """Authentication comes before everything, also before a path that does not exist."""
        g.started = time.monotonic()
        path = raw_path()
        if path not in OPEN_PATHS:
            header = request.headers.get("Authorization")
            auth.authenticate(header, request.method, path, int(heketi.clock()), keys, heketi.config.iat_leeway)
        if request.method != "GET" and (
            heketi.admin_state == "read-only"
            or (heketi.admin_state == "local-client" and request.remote_addr not in ("127.0.0.1", "::1"))
        ):
            raise HttpError(503, "Service disabled for maintenance")
        return _tidy_path(app, path)

    @app.after_request
    def log(response: Response) -> Response:
        spent = (time.monotonic() - g.started) * 1000
        path = raw_path().encode("ascii", "backslashreplace").decode()
        sys.stderr.write(f"{request.method} {path} {response.status_code} {spent:.1f} ms\n")
        return response


def _tidy_path(app: Flask, path: str) -> Response | None:
    """Redirects of Go's router: odd slashes first, then a slash at the end."""
    clean = re.sub("^/+", "/", posixpath.normpath(path)) + ("/" if path.endswith("/") and path.strip("/") else "")
    if clean != path:
        return answer(301, headers={"Location": _with_query(clean)})
    if path != "/" and path.endswith("/"):
        bare = path.rstrip("/")
        try:
            app.url_map.bind("").match(bare, method="GET")
        except (MethodNotAllowed, RequestRedirect):
            pass
        except NotFound:
            return None
        return link_answer(301, "Moved Permanently", _with_query(bare))
    return None


def _with_query(path: str) -> str:
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def _add_errors(app: Flask) -> None:
    @app.errorhandler(HttpError)
    def http_error(error: HttpError) -> Response:
        return error_answer(error.status, error.text)

    @app.errorhandler(auth.Refused)
    def refused(error: auth.Refused) -> Response:
        return error_answer(error.status, str(error))

    @app.errorhandler(Busy)
    def busy(error: Busy) -> Response:
        return error_answer(429, "Server busy. Retry operation later.")

    @app.errorhandler(Lost)
    def lost(error: Lost) -> Response:
        return error_answer(500, str(error))

    @app.errorhandler(HTTPException)
    def no_route(error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed):
            return answer(405)
        return error_answer(404, "Invalid path or request")

    @app.errorhandler(Exception)
    def panic(error: Exception) -> Response:
        traceback.print_exc(file=sys.stderr)
        what = str(error) if isinstance(error, Panic) else repr(error)
        return error_answer(500, f"PANIC: {what}\n{traceback.format_exc()}")


def _route(app: Flask, method: str, rule: str) -> t.Callable[[t.Callable[..., Response]], t.Callable[..., Response]]:
    def register(view: t.Callable[..., Response]) -> t.Callable[..., Response]:
        def call(**arguments: t.Any) -> Response:
            if request.method != method:  # Flask adds HEAD to every GET, Heketi answers it with 405
                raise MethodNotAllowed
            return view(**arguments)

        app.add_url_rule(rule, f"{method} {rule}", call, methods=[method], provide_automatic_options=False)
        return view

    return register


# Miscellany


def _add_misc(app: Flask, heketi: Heketi) -> None:
    @_route(app, "GET", "/hello")
    def hello() -> Response:
        return answer(200, b"Hello from Heketi", {"Content-Type": "text/plain; charset=UTF-8"})

    @_route(app, "GET", "/metrics")
    def metrics() -> Response:
        with heketi.store.view() as tx:
            text = views.metrics(heketi, tx)
        return answer(200, text.encode(), {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    @_route(app, "GET", "/queue/<hex:key>")
    def queue(key: str) -> Response:
        try:
            result = heketi.queue.take(key)
        except KeyError:
            raise HttpError(404, NOT_FOUND) from None
        if result is None:
            return answer(200, headers={"X-Pending": "true"})
        if result.error is not None:
            return error_answer(500, result.error)
        return link_answer(303, "See Other", result.location) if result.location else answer(204)

    @_route(app, "GET", "/backup/db")
    def backup() -> Response:
        with heketi.store.view(), open(heketi.store.path, "rb") as stream:
            data = stream.read()
        headers = {"Content-Type": "application/octet-stream"}
        return answer(200, data, {**headers, "Content-Disposition": 'attachment; filename="heketi.db"'})

    @_route(app, "GET", "/db/dump")
    def dump() -> Response:
        with heketi.store.view() as tx:
            return text_answer(tx.dump_text())

    @_route(app, "GET", "/db/check")
    def check() -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.db_check(tx), indent=4)

    @_route(app, "GET", "/internal/state/examine/gluster")
    def examine() -> Response:
        return json_answer(views.examine(heketi))

    @_route(app, "GET", "/internal/logging")
    def logging_get() -> Response:
        return json_answer({"loglevel": {"glusterfs": heketi.loglevel}})

    @_route(app, "POST", "/internal/logging")
    def logging_set() -> Response:
        levels = body({"loglevel": {"*": str}})["loglevel"]
        if any(name != "glusterfs" or level not in LOG_LEVELS for name, level in levels.items()):
            raise HttpError(422, "request unable to be parsed")
        heketi.loglevel = levels.get("glusterfs", heketi.loglevel)
        return logging_get()

    @_route(app, "GET", "/admin")
    def admin_get() -> Response:
        return json_answer({"state": heketi.admin_state})

    @_route(app, "POST", "/admin")
    def admin_set() -> Response:
        try:
            state = body({"state": str})["state"]
        except HttpError as error:
            raise HttpError(400, error.text) from error
        if state not in ("normal", "read-only", "local-client"):
            raise HttpError(400, f"Invalid state: {state}")
        heketi.admin_state = state
        return answer(204)


# Clusters


def _add_clusters(app: Flask, heketi: Heketi) -> None:
    flags = {"file": bool, "block": bool}

    @_route(app, "POST", "/clusters")
    def create() -> Response:
        wanted = body(flags)  # what is missing is false, whatever the documentation says
        return json_answer(topology.create_cluster(heketi, wanted["file"], wanted["block"]), 201)

    @_route(app, "GET", "/clusters")
    def list_all() -> Response:
        with heketi.store.view() as tx:
            return json_answer({"clusters": tx.keys(CLUSTERS)})

    @_route(app, "GET", "/clusters/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.cluster_info(tx, find(tx, CLUSTERS, key)))

    @_route(app, "POST", "/clusters/<hex:key>/flags")
    def set_flags(key: str) -> Response:
        wanted = body(flags)
        with heketi.store.update() as tx:
            cluster = find(tx, CLUSTERS, key)
            cluster["Info"].update(wanted)
            tx.put(CLUSTERS, key, cluster)
        return answer(200, headers={"Content-Type": "application/json; charset=UTF-8"})

    @_route(app, "DELETE", "/clusters/<hex:key>")
    def delete(key: str) -> Response:
        topology.delete_cluster(heketi, key)
        return answer(200)


# Nodes and devices


def _add_nodes(app: Flask, heketi: Heketi) -> None:
    @_route(app, "POST", "/nodes")
    def add() -> Response:
        wanted = body(NODE_SHAPE)
        names = Validation()
        for kind in ("manage", "storage"):
            names.hosts(kind, wanted["hostnames"][kind])
        found = Validation()
        found.at_least_one("zone", wanted["zone"])
        found.nested("hostnames", names)
        found.uuid("cluster", wanted["cluster"])
        _check_tags(found, wanted["tags"])
        found.check()
        return accepted(topology.start_node_add(heketi, wanted))

    @_route(app, "GET", "/nodes/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.node_info(tx, find(tx, NODES, key)))

    @_route(app, "DELETE", "/nodes/<hex:key>")
    def delete(key: str) -> Response:
        return accepted(topology.start_node_delete(heketi, key))

    _add_state_and_tags(app, heketi, "/nodes", NODES)


def _add_devices(app: Flask, heketi: Heketi) -> None:
    @_route(app, "POST", "/devices")
    def add() -> Response:
        wanted = body(DEVICE_SHAPE)
        found = Validation()
        found.uuid("node", wanted["node"])
        if found.present("name", wanted["name"]):
            found.matches("name", wanted["name"], wire.DEVICE)
        _check_tags(found, wanted["tags"])
        found.check()
        return accepted(topology.start_device_add(heketi, wanted))

    @_route(app, "GET", "/devices/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.device_info(tx, find(tx, DEVICES, key)))

    @_route(app, "GET", "/devices/<hex:key>/resync")
    def resync(key: str) -> Response:
        return link_answer(202, "Accepted", f"/queue/{topology.start_device_resync(heketi, key)}")

    @_route(app, "DELETE", "/devices/<hex:key>")
    def delete(key: str) -> Response:
        options = body({"forceforget": bool}) if request.get_data() else {"forceforget": False}
        return accepted(topology.start_device_delete(heketi, key, options["forceforget"]))

    @_route(app, "POST", "/bricks/to-evict/<hex:key>")
    def evict_brick(key: str) -> Response:
        check = body({"healcheck": str})["healcheck"] != "disable"
        with heketi.store.view() as tx:
            find(tx, BRICKS, key)
        return start(heketi, BrickEvict(heketi, key, check))

    _add_state_and_tags(app, heketi, "/devices", DEVICES)


def _add_state_and_tags(app: Flask, heketi: Heketi, prefix: str, table: str) -> None:
    @_route(app, "POST", f"{prefix}/<hex:key>/state")
    def set_state(key: str) -> Response:
        wanted = body({"state": str, "healcheck": str})
        state = wanted["state"]
        found = Validation()
        if found.present("state", state) and state not in ("online", "offline", "failed"):
            found.errors["state"] = f"{state} is not valid state"
        found.check()
        return accepted(evict.start_state(heketi, table, key, state, wanted["healcheck"] != "disable"))

    @_route(app, "POST", f"{prefix}/<hex:key>/tags")
    def set_tags(key: str) -> Response:
        wanted = body({"change_type": str, "tags": {"*": str}})
        found = Validation()
        if found.present("change_type", wanted["change_type"]):
            found.one_of("change_type", wanted["change_type"], ("set", "update", "delete"))
        _check_tags(found, wanted["tags"])
        found.check()
        return json_answer(topology.change_tags(heketi, table, key, wanted["change_type"], wanted["tags"]))


def _check_tags(found: Validation, tags: dict[str, str]) -> None:
    why = next(_wrong_tags(tags), None)
    if why:
        found.errors["tags"] = why


def _wrong_tags(tags: dict[str, str]) -> t.Iterator[str]:
    """What Heketi says of tags, which is the first that it comes across, in no certain order."""
    if len(tags) > 32:
        yield f"too many tags specified ({len(tags)}), up to 32 supported"
    for name, value in tags.items():
        if not name:
            yield "tag names may not be empty"
        elif len(name) > 32:
            yield f"tag name {name}: the length must be between 1 and 32"
        elif len(value) > 64:
            yield f"value of tag {name}: the length must be no more than 64"
        elif not wire.TAG_NAME.match(name):
            yield f"invalid characters in tag name {name}"


# Volumes


def _add_volumes(app: Flask, heketi: Heketi) -> None:
    @_route(app, "POST", "/volumes")
    def create() -> Response:
        wanted = body(VOLUME_SHAPE)
        found = Validation()
        found.at_least_one("size", wanted["size"])
        found.matches("name", wanted["name"], wire.NAME)
        found.check()
        volumes.check_request(wanted)
        with heketi.store.view() as tx:
            if not tx.keys(CLUSTERS):
                raise HttpError(400, "No clusters configured")
            for key in wanted["clusters"]:
                find_cluster = tx.find(CLUSTERS, key)
                if find_cluster is None:
                    raise HttpError(400, f"Cluster id {key} not found")
        volumes.check_least_size(wanted, heketi.config)
        volume = volumes.volume_from_request(heketi, wanted)
        operation = volumes.VolumeCreate(heketi, volume, wanted["clusters"])
        return start(heketi, operation, "Failed to allocate new volume")

    @_route(app, "GET", "/volumes")
    def list_all() -> Response:
        with heketi.store.view() as tx:
            return json_answer({"volumes": views.volume_ids(tx)})

    @_route(app, "GET", "/volumes/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            volume = find(tx, VOLUMES, key)
            if volume["Pending"]["Id"]:
                raise HttpError(404, NOT_FOUND)
            return json_answer(views.volume_info(tx, volume))

    @_route(app, "POST", "/volumes/<hex:key>/expand")
    def expand(key: str) -> Response:
        size = body({"expand_size": int})["expand_size"]
        found = Validation()
        found.at_least_one("expand_size", size)
        found.check()
        return start(heketi, volumes.VolumeExpand(heketi, _volume(key), size), "Failed to allocate volume expansion")

    @_route(app, "DELETE", "/volumes/<hex:key>")
    def delete(key: str) -> Response:
        volume = _volume(key)
        if volume["Info"]["name"] == "heketidbstorage":
            raise HttpError(409, "Cannot delete volume containing the Heketi database")
        if volume["Info"]["blockinfo"].get("blockvolume"):
            raise HttpError(409, "Cannot delete a block hosting volume containing block volumes")
        return start(heketi, volumes.VolumeDelete(heketi, volume), "Failed to set up volume delete")

    @_route(app, "POST", "/volumes/<hex:key>/clone")
    def clone(key: str) -> Response:
        name = body({"name": str})["name"]
        found = Validation()
        found.matches("name", name, wire.NAME)
        found.check()
        failed = f"Failed clone volume {key}"
        if _volume(key)["Info"].get("block"):
            raise HttpError(500, f"{failed}: Cloning of block hosting volumes is not supported")
        return start(heketi, VolumeClone(heketi, key, name), failed)

    @_route(app, "POST", "/volumes/<hex:key>/block-restriction")
    def restrict(key: str) -> Response:
        restriction = body({"restriction": str})["restriction"]
        found = Validation()
        found.one_of("restriction", restriction, ("", "locked"))
        found.check()
        return accepted(block.start_restriction(heketi, key, restriction))

    def _volume(key: str) -> Entry:
        with heketi.store.view() as tx:
            return find(tx, VOLUMES, key)


def _add_block_volumes(app: Flask, heketi: Heketi) -> None:
    @_route(app, "POST", "/blockvolumes")
    def create() -> Response:
        wanted = body(BLOCK_SHAPE)
        found = Validation()
        found.at_least_one("size", wanted["size"])
        found.matches("name", wanted["name"], wire.NAME)
        if wanted["hacount"] < 0:
            found.errors["hacount"] = "must be no less than 1"
        found.check()
        with heketi.store.view() as tx:
            if not tx.keys(CLUSTERS):
                raise HttpError(400, "No clusters configured")
        return accepted(block.start_create(heketi, wanted))

    @_route(app, "GET", "/blockvolumes")
    def list_all() -> Response:
        with heketi.store.view() as tx:
            return json_answer({"blockvolumes": tx.keys(BLOCKVOLUMES)})

    @_route(app, "GET", "/blockvolumes/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            return json_answer(find(tx, BLOCKVOLUMES, key)["Info"])

    @_route(app, "POST", "/blockvolumes/<hex:key>/expand")
    def expand(key: str) -> Response:
        size = body({"new_size": int})["new_size"]
        found = Validation()
        found.at_least_one("new_size", size)
        found.check()
        return accepted(block.start_expand(heketi, key, size))

    @_route(app, "DELETE", "/blockvolumes/<hex:key>")
    def delete(key: str) -> Response:
        return accepted(block.start_delete(heketi, key))


# Operations


def _add_operations(app: Flask, heketi: Heketi) -> None:
    @_route(app, "GET", "/operations")
    def counts() -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.operations_info(heketi, tx))

    @_route(app, "GET", "/operations/pending")
    def list_all() -> Response:
        with heketi.store.view() as tx:
            return json_answer({"pendingoperations": views.pending_list(heketi, tx)})

    @_route(app, "GET", "/operations/pending/<hex:key>")
    def info(key: str) -> Response:
        with heketi.store.view() as tx:
            return json_answer(views.pending_details(find(tx, PENDING, key, f"{NOT_FOUND}: {key}")))

    @_route(app, "POST", "/operations/pending/cleanup")
    def cleanup() -> Response:
        wanted = body({"operations": [str]})["operations"]
        found = Validation()
        found.uuids("operations", wanted, 32)
        found.check()

        def work() -> str:
            try:
                clean(heketi, wanted)
            except Busy as error:
                raise OperationError("Server busy. Retry operation later.") from error
            return ""

        return accepted(heketi.start(work))
