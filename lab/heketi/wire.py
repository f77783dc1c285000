# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests in and answers out, as Go's encoding/json and net/http make them."""

from __future__ import annotations

import ipaddress
import json
import re
import struct
import typing as t

from flask import Response

NAME = re.compile(r"[a-zA-Z0-9_-]+\Z")
UUID = re.compile(r"[a-fA-F0-9]{32}\Z")
DEVICE = re.compile(r"/[A-Za-z0-9_.:/-]+\Z")
TAG_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
DNS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*[._]?\Z")

# A shape names the fields of a request: a type, a nested shape, [type] or {"*": type}.
Shape = t.Any


class HttpError(Exception):
    """An answer that is an error: its text ends with a newline, always."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Unparsable(ValueError):
    pass


def decode(body: bytes, shape: Shape) -> dict[str, t.Any]:
    """A request body as a dictionary with every field of the shape, or HTTP 422."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_Pairs, parse_constant=_refuse)
        return _fit(value, shape)
    except (Unparsable, ValueError, RecursionError) as error:
        raise HttpError(422, "request unable to be parsed") from error


class _Pairs(t.List[t.Tuple[str, t.Any]]):
    """An object's members in order: field names ignore case, and the last one wins."""


def _refuse(name: str) -> t.NoReturn:
    raise Unparsable(name)


def _fit(value: t.Any, shape: Shape) -> t.Any:
    if isinstance(shape, dict):
        return _fit_object(value, shape)
    if isinstance(shape, list):
        if value is not None and (not isinstance(value, list) or isinstance(value, _Pairs)):
            raise Unparsable(value)
        return [_fit(item, shape[0]) for item in value or []]
    if value is None:
        return shape()
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if shape is int and number and isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if shape is float and number:
        return struct.unpack("f", struct.pack("f", value))[0]  # Heketi keeps 32 bits of it
    if shape in (str, bool) and isinstance(value, shape):
        return value
    raise Unparsable(value)


def _fit_object(value: t.Any, shape: dict[str, Shape]) -> dict[str, t.Any]:
    if value is None:
        value = _Pairs()
    if not isinstance(value, _Pairs):
        raise Unparsable(value)
    if "*" in shape:
        return {name: _fit(item, shape["*"]) for name, item in value}
    result = {name: _fit(None, inner) for name, inner in shape.items()}
    for name, item in value:
        if name.lower() in shape:
            result[name.lower()] = _fit(item, shape[name.lower()])
    return result


class Validation:
    """Collects what is wrong with a request, sorted by field as Heketi's library does it."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def present(self, field: str, value: t.Any) -> bool:
        if not value:
            self.errors[field] = "cannot be blank"
        return bool(value)

    def at_least_one(self, field: str, value: int) -> None:
        if self.present(field, value) and value < 1:
            self.errors[field] = "must be no less than 1"

    def matches(self, field: str, value: str, pattern: re.Pattern[str]) -> None:
        if value and not pattern.match(value):
            self.errors[field] = "must be in a valid format"

    def uuid(self, field: str, value: str) -> None:
        if self.present(field, value) and not UUID.match(value):
            self.errors[field] = f"{value} is not a valid UUID"

    def uuids(self, field: str, values: t.Sequence[str], most: int) -> None:
        wrong = [value for value in values if value and not UUID.match(value)]
        if len(values) > most:
            self.errors[field] = f"too many ids specified ({len(values)}), up to {most} supported"
        elif wrong:
            self.errors[field] = f"{wrong[0]} is not a valid UUID"

    def hosts(self, field: str, values: t.Sequence[str]) -> None:
        if self.present(field, values) and not all(map(_is_host, values)):
            self.errors[field] = f"[{' '.join(values)}] is not a valid {field} hostname"

    def one_of(self, field: str, value: str, values: t.Collection[str]) -> None:
        if value not in values:
            self.errors[field] = "must be a valid value"

    def nested(self, field: str, inner: Validation) -> None:
        if inner.errors:
            self.errors[field] = f"({inner.text()})"

    def text(self) -> str:
        return "; ".join(f"{field}: {why}" for field, why in sorted(self.errors.items())) + "."

    def check(self) -> None:
        if self.errors:
            raise HttpError(400, f"validation failed: {self.text()}")


def _is_host(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return bool(DNS_NAME.match(name)) and len(name.replace(".", "")) <= 255


def encode(value: t.Any, indent: int | None = None) -> str:
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)


def go_float32(value: float) -> int | float:
    """The shortest number that is the same in 32 bits."""
    if value == int(value):
        return int(value)
    for digits in range(1, 10):
        shortest = float(f"{value:.{digits}g}")
        if struct.pack("f", shortest) == struct.pack("f", value):
            return shortest
    return value


def answer(status: int, body: bytes = b"", headers: t.Mapping[str, str] | None = None) -> Response:
    """An answer with these headers and, apart from the length, no others."""
    response = Response(body, status)
    del response.headers["Content-Type"]
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def json_answer(value: t.Any, status: int = 200, indent: int | None = None) -> Response:
    return text_answer(encode(value, indent), status)


def text_answer(text: str, status: int = 200) -> Response:
    """An answer with this JSON. Go writes three characters so that it can stand inside HTML."""
    body = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode() + b"\n"
    return answer(status, body, {"Content-Type": "application/json; charset=UTF-8"})


def error_answer(status: int, text: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return answer(status, text.encode() + b"\n", headers)


def link_answer(status: int, reason: str, location: str) -> Response:
    """What Go's http.Redirect sends to a GET."""
    body = f'<a href="{location}">{reason}</a>.\n\n'.encode()
    return answer(status, body, {"Content-Type": "text/html; charset=utf-8", "Location": location})
