"""Kinds of values in payloads: each a function from the decoded value to what conformance.md says of it.

What is not of its kind is `Invalid`. `MISSING` stands for a key that is not there, `ABSENT` for one that is to be left
out of the answer.
"""

from collections.abc import Callable
from typing import Any

from payloads import Invalid

Kind = Callable[[Any], Any]


class Nothing:
    """Of no type that a payload has."""


MISSING = Nothing()
ABSENT = Nothing()


def of_type(wanted: type, value: Any) -> Any:
    # bool is an int to Python.
    if type(value) is not wanted:
        raise Invalid(f"not of the type {wanted.__name__}")
    return value


def integer(low: int, high: int, said: Callable[[int], Any] = int) -> Kind:
    def read(value: Any) -> Any:
        if not low <= of_type(int, value) <= high:
            raise Invalid("out of its range")
        return said(value)

    return read


u32 = integer(0, 2**32 - 1)
s32 = integer(-(2**31), 2**31 - 1)
u64 = integer(0, 2**64 - 1, str)
count = integer(0, 2**53 - 1)


def boolean(value: Any) -> bool:
    return of_type(bool, value)


def text(value: Any) -> str:
    return of_type(str, value)


def raw(value: Any) -> bytes:
    """Bytes that are looked into, and not said as they are."""
    return of_type(bytes, value)


def binary(value: Any) -> str:
    return raw(value).hex()


def word(*words: str) -> Kind:
    def read(value: Any) -> str:
        if text(value) not in words:
            raise Invalid("a word that is not listed")
        return value

    return read


def word_or(other: str, *words: str) -> Kind:
    """An unknown one is read as `other`."""
    return lambda value: text(value) if value in words else (text(value), other)[1]


def nullable(kind: Kind) -> Kind:
    return lambda value: None if value is None or value is MISSING else kind(value)


def optional(kind: Kind) -> Kind:
    """May be absent, or nil, which means the same."""
    return lambda value: ABSENT if value is None or value is MISSING else kind(value)


def array(kind: Kind) -> Kind:
    return lambda value: [kind(one) for one in of_type(list, value)]


def free_map(kind: Kind) -> Kind:
    return lambda value: {key: kind(one) for key, one in of_type(dict, value).items()}


def fields(**kinds: Kind) -> Kind:
    """A map with these keys, and others that are ignored."""

    def read(value: Any) -> dict[str, Any]:
        given = of_type(dict, value)
        said = {key: kind(given.get(key, MISSING)) for key, kind in kinds.items()}
        return {key: one for key, one in said.items() if one is not ABSENT}

    return read
