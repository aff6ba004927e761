#!/usr/bin/env python3
"""Compares what this reader says of the files of the conformance corpus with what it should say.

usage: check.py [DIR…]

DIR: fixtures/valid, fixtures/damaged and fixtures/future where none is given. Each NAME.json there is about NAME.mtape
beside it, or in the directory above. Prints the differences; its last line is `N files agree, N differ`. Ends with 0
when there was something to compare and all of it agrees.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from read import answer, content

CORPUS = Path(__file__).resolve().parent.parent / "fixtures"
DIRECTORIES = [CORPUS / name for name in ("valid", "damaged", "future")]
SHOWN_DIFFERENCES = 10
SHOWN_CHARACTERS = 160


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Of two JSON values: a number is not a boolean, and 1 is 1.0."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            place = f"{path}.{key}"
            if key not in found:
                yield f"{place}: expected {short(expected[key])}, not there"
            elif key not in expected:
                yield f"{place}: not expected, found {short(found[key])}"
            else:
                yield from differences(expected[key], found[key], place)
    elif isinstance(expected, list) and isinstance(found, list):
        for number, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, f"{path}[{number}]")
        if len(expected) != len(found):
            common = min(len(expected), len(found))
            rest = short(expected[common:] or found[common:])
            what = "missing" if len(expected) > common else "too many"
            yield f"{path}: expected {len(expected)} elements, found {len(found)}; {what}: {rest}"
    elif isinstance(expected, bool) != isinstance(found, bool) or expected != found:
        yield f"{path}: expected {short(expected)}, found {short(found)}"


def short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def check(about: Path) -> list[str]:
    """How the answer differs from the one in this file."""
    captures = [folder / f"{about.stem}.mtape" for folder in (about.parent, about.parent.parent)]
    capture = next((one for one in captures if one.exists()), None)
    if capture is None:
        return [f"no {about.stem}.mtape beside it or in the directory above"]
    with content(str(capture)) as data:
        found = json.loads("".join(answer(data)))
    return list(differences(json.loads(about.read_bytes()), found))


def unanswered(folder: Path) -> list[Path]:
    """Captures that nothing is expected of: a test of them would show nothing."""
    return [one for one in sorted(folder.glob("*.mtape")) if not one.with_suffix(".json").exists()]


def main(directories: list[Path]) -> int:
    agree = differ = 0
    for folder in directories:
        for lonely in unanswered(folder):
            print(f"{lonely}: no {lonely.stem}.json beside it")
            differ += 1
        for about in sorted(folder.glob("*.json")):
            found = check(about)
            agree, differ = (agree, differ + 1) if found else (agree + 1, differ)
            for line in found[:SHOWN_DIFFERENCES]:
                print(f"{about}: {line}")
            if len(found) > SHOWN_DIFFERENCES:
                print(f"{about}: and {len(found) - SHOWN_DIFFERENCES} more differences")
    if agree + differ == 0:
        print("nothing to compare")
    print(f"{agree} files agree, {differ} differ")
    return 0 if agree > 0 and differ == 0 else 1


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]] or DIRECTORIES))
