"""Documents as lists of blocks, and the text that stands on their pages.

A block is one of
    ("heading", level, text)   ("paragraph", text)   ("verse", lines)   ("table", rows)   ("list", items)
    ("page",)                  what follows begins on a new page
    ("notes", texts)           at the foot of the page; "\u2020N" in a paragraph is the mark of note N
"""


def plain(text):
    """Marks of notes as they are printed: figures behind their word."""
    return text.replace("\u2020", "")


def text_of(blocks):
    out = []
    for block in blocks:
        kind = block[0]
        if kind == "heading":
            out.append(block[2])
        elif kind == "paragraph":
            out.append(plain(block[1]))
        elif kind == "verse":
            out.append("\n".join(block[1]))
        elif kind == "table":
            out.append("\n".join("\t".join(row) for row in block[1]))
        elif kind == "list":
            out.append("\n".join(block[1]))
        elif kind == "notes":
            out.append("\n".join(f"{number} {note}" for number, note in block[1]))
    return "\n\n".join(out) + "\n"
