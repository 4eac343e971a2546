"""What goes wrong."""

from __future__ import annotations


class Error(Exception):
    """Any error of SheepOp: `message` names the thing, its value, the bound and the way out.

    `code` is one of invalid_argument, not_found, corrupt, unsupported, limit, busy, io, network, interrupted, internal;
    `field` is the option that is at fault, such as "top_p" or "messages[2].content", or None.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message, field)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return self.message
