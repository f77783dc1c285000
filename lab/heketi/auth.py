# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: checked as Heketi checks them, down to the texts of the Go library it uses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import typing as t

HMACS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
OTHERS = {"none", "EdDSA"} | {f"{kind}{bits}" for kind in ("RS", "ES", "PS") for bits in (256, 384, 512)}
NOT_URL_SAFE = re.compile("[^A-Za-z0-9_-]")
CLAIMS: dict[str, str] = {
    "aud": "string",
    "exp": "int64",
    "jti": "string",
    "iat": "int64",
    "iss": "string",
    "nbf": "int64",
    "sub": "string",
    "qsh": "string",
}


class Refused(Exception):
    """The request is not let in."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _BadToken(Exception):
    pass


class _Number(str):
    """A JSON number that is no integer, as it was written."""


def authenticate(
    header: str | None, method: str, path: str, now: int, keys: t.Mapping[str, str], leeway: int = 120
) -> str:
    """The issuer ("admin" or "user") of a request, or :class:`Refused`. ``path`` is decoded, without query."""
    token = _token_of(header)
    try:
        issuer, qsh = _verify(token, now, keys, leeway)
    except _BadToken as error:
        raise Refused(401, f"Invalid JWT token: {error}") from error
    if qsh != hashlib.sha256(f"{method}&{path}".encode("utf-8", "surrogateescape")).hexdigest():
        raise Refused(401, "Invalid qsh claim in token")
    # The user key opens exactly one path, not even the queue entry of what it started.
    if issuer == "user" and path != "/volumes":
        raise Refused(401, "Administrator access required")
    return issuer


def _token_of(header: str | None) -> str:
    if not header:
        raise Refused(401, "Required authorization token not found")
    words = header.split()
    if len(words) != 2 or words[0].lower() != "bearer":
        raise Refused(400, "Authorization header format must be Bearer {token}")
    return words[1]


def _verify(token: str, now: int, keys: t.Mapping[str, str], leeway: int) -> tuple[str, str]:
    parts = token.split(".")
    if len(parts) != 3:
        raise _BadToken("token contains an invalid number of segments")
    head = _json_object(_decode(parts[0]))
    claims = _claims(_decode(parts[1]))
    algorithm = head.get("alg")
    if not isinstance(algorithm, str):
        raise _BadToken("signing method (alg) is unspecified.")
    if algorithm not in HMACS and algorithm not in OTHERS:
        raise _BadToken("signing method (alg) is unavailable.")
    if algorithm not in HMACS:
        raise _BadToken(f"Unexpected signing method: {algorithm}")
    issuer = claims["iss"]
    if issuer == "":
        raise _BadToken("Token missing iss claim")
    if issuer not in keys:
        raise _BadToken("Unknown user")
    # The library looks at the claims first but, when both are wrong, names the signature.
    try:
        _check_times(claims, now, leeway)
    finally:
        _check_signature(".".join(parts[:2]), parts[2], algorithm, keys[issuer])
    return issuer, claims["qsh"]


def _check_times(claims: dict[str, t.Any], now: int, leeway: int) -> None:
    if claims["nbf"] and now < claims["nbf"]:
        raise _BadToken("token is not valid yet")
    if now < claims["iat"] - leeway:
        raise _BadToken("Token used before issued (client and server clocks may differ)")
    if now > claims["exp"]:
        raise _BadToken(f"Token is expired by {go_duration(now - claims['exp'])}")


def _check_signature(signed: str, signature: str, algorithm: str, key: str) -> None:
    want = hmac.new(key.encode(), signed.encode(), HMACS[algorithm]).digest()
    if not hmac.compare_digest(want, _decode(signature)):
        raise _BadToken("signature is invalid (client and server secrets may not match)")


def _decode(text: str) -> bytes:
    """Unpadded URL-safe base64; the error names the byte Go stumbles over."""
    odd = NOT_URL_SAFE.search(text)
    if odd:
        raise _BadToken(f"illegal base64 data at input byte {odd.start()}")
    if len(text) % 4 == 1:
        raise _BadToken(f"illegal base64 data at input byte {len(text) - 1}")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_object(data: bytes) -> dict[str, t.Any]:
    try:
        value = json.loads(data, parse_float=_Number)
    except ValueError as error:
        raise _BadToken(f"invalid character {chr(data[0]) if data else ''!r} looking for beginning of value") from error
    if not isinstance(value, dict):
        raise _BadToken(f"json: cannot unmarshal {_kind(value)} into Go value of type map[string]interface {{}}")
    return value


def _claims(data: bytes) -> dict[str, t.Any]:
    claims: dict[str, t.Any] = {name: 0 if kind == "int64" else "" for name, kind in CLAIMS.items()}
    for name, value in _json_object(data).items():
        if name not in CLAIMS or value is None:
            continue
        fits = (
            isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
            if CLAIMS[name] == "int64"
            else isinstance(value, str) and not isinstance(value, _Number)
        )
        if not fits:
            kind = CLAIMS[name]
            raise _BadToken(
                f"json: cannot unmarshal {_kind(value)} into Go struct field HeketiJwtClaims.{name} of type {kind}"
            )
        claims[name] = value
    return claims


def _kind(value: t.Any) -> str:
    if isinstance(value, (_Number, int)) and not isinstance(value, bool):
        return f"number {value}"
    return {str: "string", bool: "bool", list: "array", dict: "object"}.get(type(value), "null")


def go_duration(seconds: int) -> str:
    """Seconds as Go prints a time.Duration."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
