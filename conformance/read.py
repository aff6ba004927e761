#!/usr/bin/env python3
"""Says of each msgtape capture FILE, in a line of JSON, what format-spec/conformance.md defines.

usage: read.py FILE…

A second reader of the format, written from format-spec/ alone. Needs Python 3.11 or later with the modules msgpack and
zstandard (Debian: python3-msgpack, python3-zstandard).
"""

import mmap
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    from answer import answer
except ModuleNotFoundError as error:
    sys.exit(f"no Python module {error.name}: apt-get install python3-msgpack python3-zstandard, and use Debian's python3")


@contextmanager
def content(path: str) -> Iterator[bytes | mmap.mmap]:
    with open(path, "rb") as file:
        about = os.fstat(file.fileno())
        # An empty file cannot be mapped.
        if not stat.S_ISREG(about.st_mode) or about.st_size == 0:
            yield file.read()
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def main(paths: list[str]) -> int:
    if not paths or paths[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    for path in paths:
        try:
            with content(path) as data:
                for piece in answer(data):
                    sys.stdout.write(piece)
        except BrokenPipeError:
            # Whoever reads has seen enough. What is still in the buffer has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            print(f"read.py: {path}: {error.strerror}", file=sys.stderr)
            return 2
        sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
