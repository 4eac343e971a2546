"""`python -m sheepop` and the script `sheepop`: the program."""

import os
import sys

from .program import path


def main() -> None:
    os.execv(path(), ["sheepop", *sys.argv[1:]])


if __name__ == "__main__":
    main()
