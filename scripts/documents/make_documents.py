#!/usr/bin/env python3
"""Makes tests/data/documents: documents whose text is known, each with its truth beside it. Run by hand; the tests read
what it made. Needs the Debian packages texlive-latex-base, texlive-latex-recommended, lmodern, libreoffice-writer-nogui,
hyphen-de, chromium, poppler-utils and fonts-dejavu-core.

usage: make_documents.py FOLDER [NAME..]
"""

import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

import texts
import truth

ENVIRONMENT = dict(os.environ, SOURCE_DATE_EPOCH="1700000000", FORCE_SOURCE_DATE="1", TZ="UTC", HOME="/tmp")


def paragraphs(lines):
    return [("paragraph", line) for line in lines]


def noted(lines, notes, first=1):
    """Paragraphs with a mark of a note behind the first word of a second sentence's beginning, and the notes of the page."""
    blocks, own = [], []
    for i, line in enumerate(lines):
        if i < len(notes):
            head, tail = line.split(". ", 1)
            line = f"{head}.\u2020{first + i} {tail}"
            own.append((first + i, notes[i]))
        blocks.append(("paragraph", line))
    return blocks + [("notes", own)]


# ---------------------------------------------------------------- LaTeX

def tex_escape(text):
    for a, b in (("\\", "\\textbackslash "), ("&", "\\&"), ("%", "\\%"), ("#", "\\#"), ("_", "\\_")):
        text = text.replace(a, b)
    return re.sub(r'"([^"]*)"', r"``\1''", text)


def tex_body(blocks):
    out = []
    notes = dict(pair for block in blocks if block[0] == "notes" for pair in block[1])
    for block in blocks:
        kind = block[0]
        if kind == "heading":
            out.append({1: "\\section*{%s}", 2: "\\subsection*{%s}", 0: "\\chapter*{%s}"}[block[1]] % tex_escape(block[2]))
        elif kind == "paragraph":
            text = tex_escape(block[1])
            out.append(re.sub("\u2020(\\d+)", lambda m: "\\footnote[%s]{%s}" % (m[1], tex_escape(notes[int(m[1])])), text))
        elif kind == "verse":
            out.append("\\begin{verse}\n" + "\\\\\n".join(map(tex_escape, block[1])) + "\n\\end{verse}")
        elif kind == "table":
            rows = [" & ".join(map(tex_escape, row)) + " \\\\" for row in block[1]]
            out.append("\\begin{center}\\begin{tabular}{l" + "r" * (len(block[1][0]) - 1) + "}\\hline\n" + rows[0] + "\\hline\n"
                       + "\n".join(rows[1:]) + "\\hline\\end{tabular}\\end{center}")
        elif kind == "list":
            out.append("\\begin{itemize}\\renewcommand{\\labelitemi}{}\n" + "\n".join(f"\\item {tex_escape(i)}" for i in block[1])
                       + "\n\\end{itemize}")
        elif kind == "page":
            out.append("\\newpage")
    return "\n\n".join(out)


def latex(blocks, kind="article", options="11pt,a4paper", preamble="", body=None):
    source = f"""\\pdfinfoomitdate=1 \\pdftrailerid{{}} \\pdfsuppressptexinfo=15
\\documentclass[{options}]{{{kind}}}
\\usepackage[utf8]{{inputenc}}\\usepackage[T1]{{fontenc}}\\usepackage{{lmodern}}\\usepackage{{graphicx}}
{preamble}
\\begin{{document}}
{body if body is not None else tex_body(blocks)}
\\end{{document}}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "d.tex").write_text(source)
        for _ in range(2):
            done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"], cwd=folder, env=ENVIRONMENT,
                                  stdout=subprocess.PIPE, text=True)
            if done.returncode:
                sys.exit(done.stdout[-2000:])
        return (path / "d.pdf").read_bytes()


# ---------------------------------------------------------------- HTML, and Chromium's print

def html_body(blocks):
    out = []
    for block in blocks:
        kind = block[0]
        if kind == "heading":
            level = max(block[1], 1)
            out.append(f"<h{level}>{html.escape(block[2])}</h{level}>")
        elif kind == "paragraph":
            out.append(f"<p>{re.sub(chr(0x2020) + r'([0-9]+)', r'<sup>1</sup>', html.escape(block[1], quote=False))}</p>")
        elif kind == "verse":
            out.append("<p class=verse>" + "<br>\n".join(map(html.escape, block[1])) + "</p>")
        elif kind == "table":
            rows = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in block[1]]
            rows[0] = rows[0].replace("td>", "th>")
            out.append("<table>\n" + "\n".join(rows) + "\n</table>")
        elif kind == "list":
            out.append("<ul>\n" + "\n".join(f"<li>{html.escape(item)}</li>" for item in block[1]) + "\n</ul>")
        elif kind == "page":
            out.append('<div style="break-before: page"></div>')
    return "\n".join(out)


STYLE = """@page { size: A4; margin: 25mm 22mm } body { font: 11pt/1.4 "DejaVu Serif"; margin: 0 } p { margin: 0 0 .6em }
td, th { padding: .1em 1em; text-align: left } .verse { margin-left: 2em } ul { list-style: none }"""


def web_page(blocks, language="en", style="", around=("", "")):
    return (f'<!doctype html>\n<html lang="{language}"{" dir=rtl" if language == "he" else ""}>\n<meta charset="utf-8">\n'
            f"<title>{html.escape(next((b[2] for b in blocks if b[0] == 'heading'), 'Untitled'))}</title>\n"
            f"<style>{STYLE}\n{style}</style>\n<body>\n{around[0]}\n{html_body(blocks)}\n{around[1]}\n</body></html>\n")


def chromium(page):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "d.html").write_text(page)
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/u",
                        "--no-pdf-header-footer", f"--print-to-pdf={folder}/d.pdf", f"file://{folder}/d.html"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return dated((path / "d.pdf").read_bytes())


def dated(pdf):
    """The same, of a fixed date: as many bytes, so that every offset stays."""
    pdf = re.sub(rb"D:\d{14}", b"D:20231114221320", pdf)
    return re.sub(rb"(/ID\s*\[\s*<)[0-9A-F]{32}(>\s*<)[0-9A-F]{32}", lambda m: m[1] + b"0" * 32 + m[2] + b"0" * 32, pdf)


# ---------------------------------------------------------------- LibreOffice

def fodt_body(blocks):
    notes = dict(pair for block in blocks if block[0] == "notes" for pair in block[1])

    def inline(text):
        def note(match):
            number = int(match[1])
            return (f'<text:note text:id="n{number}" text:note-class="footnote"><text:note-citation>{number}</text:note-citation>'
                    f'<text:note-body><text:p text:style-name="Footnote">{html.escape(notes[number])}</text:p></text:note-body></text:note>')
        return re.sub("\u2020(\\d+)", note, html.escape(text, quote=False))

    out, style = [], "P"
    for block in blocks:
        kind = block[0]
        if kind == "heading":
            out.append(f'<text:h text:style-name="H{max(block[1], 1)}" text:outline-level="{max(block[1], 1)}">'
                       f'{html.escape(block[2])}</text:h>')
        elif kind == "paragraph":
            out.append(f'<text:p text:style-name="{style}">{inline(block[1])}</text:p>')
        elif kind == "verse":
            out.append('<text:p text:style-name="V">' + "<text:line-break/>".join(map(html.escape, block[1])) + "</text:p>")
        elif kind == "table":
            cells = ["<table:table-row>" + "".join(
                f'<table:table-cell office:value-type="string"><text:p text:style-name="C">{html.escape(cell)}</text:p></table:table-cell>'
                for cell in row) + "</table:table-row>" for row in block[1]]
            out.append(f'<table:table table:name="T"><table:table-column table:number-columns-repeated="{len(block[1][0])}"/>'
                       + "".join(cells) + "</table:table>")
        elif kind == "list":
            out.append("<text:list>" + "".join(f'<text:list-item><text:p text:style-name="C">{html.escape(item)}</text:p></text:list-item>'
                                               for item in block[1]) + "</text:list>")
        style = "B" if kind == "page" else "P"
    return "\n".join(out)


def flat_odt(blocks, columns=1, head="", language="en", country="GB", hyphenate=False):
    column = (f'<style:columns fo:column-count="{columns}" fo:column-gap="0.8cm"/>' if columns > 1 else "")
    rtl = ' style:writing-mode="rl-tb"' if language == "he" else ""
    body = fodt_body(blocks)
    if columns > 1:
        body = f'<text:section text:style-name="S" text:name="S">{body}</text:section>'
    header = (f'<style:header><text:p text:style-name="R">{html.escape(head)} <text:page-number/></text:p></style:header>' if head else "")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><meta:creation-date>2023-11-14T22:13:20</meta:creation-date><dc:date>2023-11-14T22:13:20</dc:date></office:meta>
<office:font-face-decls><style:font-face style:name="DejaVu Serif" svg:font-family="'DejaVu Serif'"/><style:font-face style:name="DejaVu Sans" svg:font-family="'DejaVu Sans'"/></office:font-face-decls>
<office:styles><style:default-style style:family="paragraph"><style:text-properties style:font-name="DejaVu Serif" style:font-name-complex="DejaVu Sans" fo:font-size="11pt" style:font-size-complex="11pt" fo:language="{language}" fo:country="{country}" fo:hyphenate="{str(hyphenate).lower()}" fo:hyphenation-remain-char-count="2" fo:hyphenation-push-char-count="2"/></style:default-style></office:styles>
<office:automatic-styles>
<style:style style:name="P" style:family="paragraph"><style:paragraph-properties fo:margin-bottom="0.25cm"{rtl}/></style:style>
<style:style style:name="B" style:family="paragraph"><style:paragraph-properties fo:margin-bottom="0.25cm" fo:break-before="page"{rtl}/></style:style>
<style:style style:name="C" style:family="paragraph"/>
<style:style style:name="R" style:family="paragraph"><style:paragraph-properties fo:text-align="center"/><style:text-properties fo:font-size="9pt"/></style:style>
<style:style style:name="Footnote" style:family="paragraph"><style:text-properties fo:font-size="9pt"/></style:style>
<style:style style:name="V" style:family="paragraph"><style:paragraph-properties fo:margin-left="1.5cm" fo:margin-bottom="0.4cm"/></style:style>
<style:style style:name="H1" style:family="paragraph"><style:paragraph-properties fo:margin-bottom="0.5cm"{rtl}/><style:text-properties fo:font-size="18pt" style:font-size-complex="18pt"/></style:style>
<style:style style:name="H2" style:family="paragraph"><style:paragraph-properties fo:margin-top="0.4cm" fo:margin-bottom="0.3cm"{rtl}/><style:text-properties fo:font-size="14pt" style:font-size-complex="14pt"/></style:style>
<style:style style:name="S" style:family="section"><style:section-properties>{column}</style:section-properties></style:style>
<style:page-layout style:name="L"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin-top="2.2cm" fo:margin-bottom="2.2cm" fo:margin-left="2.4cm" fo:margin-right="2.4cm"{rtl}/><style:header-style><style:header-footer-properties fo:margin-bottom="0.6cm" fo:min-height="0.5cm"/></style:header-style></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="L">{header}</style:master-page></office:master-styles>
<office:body><office:text>
{body}
</office:text></office:body></office:document>
"""


def libreoffice(source, to):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "d.fodt").write_text(source)
        filters = {"docx": "docx:MS Word 2007 XML", "rtf": "rtf:Rich Text Format"}
        subprocess.run(["soffice", f"-env:UserInstallation=file://{folder}/u", "--headless", "--convert-to", filters.get(to, to),
                        "--outdir", folder, str(path / "d.fodt")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = (path / f"d.{to}").read_bytes()
        return dated(done) if to == "pdf" else done


# ---------------------------------------------------------------- pictures

def pictured(pdf, dpi=200, turn=0, skew=None):
    """A PDF of the pages' pictures in black and white. `skew`: a tangent by which they lean."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "d.pdf").write_bytes(pdf)
        subprocess.run(["pdftoppm", "-mono", "-r", str(dpi), path / "d.pdf", path / "p"], check=True)
        pages = [page.read_bytes() for page in sorted(path.glob("p-*.pbm"))]
    objects = ["<< /Type /Catalog /Pages 2 0 R >>".encode(), b""]
    kids = []
    for page in pages:
        head = re.match(rb"P4\s+(?:#[^\n]*\n)?(\d+)\s+(\d+)\s", page)
        width, height = int(head[1]), int(head[2])
        if skew:
            page = b"P4\n%d %d\n" % (width, height) + leaning(page[head.end():], width, height, skew)
            head = re.match(rb"P4\s+(\d+)\s+(\d+)\s", page)
        points = (width * 72 / dpi, height * 72 / dpi)
        draw = b"q %.2f 0 0 %.2f 0 0 cm /I Do Q" % points
        number = len(objects) + 1
        kids.append(b"%d 0 R" % number)
        image = zlib.compress(page[head.end():], 9)
        objects.append(b"<< /Type /Page /Parent 2 0 R /Rotate %d /MediaBox [0 0 %.2f %.2f] /Contents %d 0 R /Resources << /XObject << /I %d 0 R >> >> >>"
                       % (turn, *points, number + 1, number + 2))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw))
        objects.append(b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 1 /ColorSpace /DeviceGray /Decode [1 0] "
                       b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(image), image))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    out, places = b"%PDF-1.4\n", []
    for i, one in enumerate(objects):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i + 1, one)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + table + b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))


def leaning(bits, width, height, tangent):
    """Rows moved sideways and columns downward, as a page that lies askew."""
    row = (width + 7) // 8
    lines = [int.from_bytes(bits[y * row:(y + 1) * row], "big") >> (row * 8 - width) for y in range(height)]
    grid = [[line >> (width - 1 - x) & 1 for x in range(width)] for line in lines]
    out = bytearray(row * height)
    for y in range(height):
        for x in range(width):
            # The pixel that comes to lie here.
            from_x, from_y = round(x + (y - height / 2) * tangent), round(y - (x - width / 2) * tangent)
            if 0 <= from_x < width and 0 <= from_y < height and grid[from_y][from_x]:
                out[y * row + x // 8] |= 128 >> x % 8
    return bytes(out)


def pbm_as_png(pdf, dpi=200):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "d.pdf").write_bytes(pdf)
        subprocess.run(["pdftoppm", "-mono", "-singlefile", "-r", str(dpi), path / "d.pdf", path / "p"], check=True)
        page = (path / "p.pbm").read_bytes()
    head = re.match(rb"P4\s+(?:#[^\n]*\n)?(\d+)\s+(\d+)\s", page)
    width, height = int(head[1]), int(head[2])
    row, bits = (width + 7) // 8, page[head.end():]
    raw = b"".join(b"\0" + bytes(255 - b for b in bits[y * row:(y + 1) * row]) for y in range(height))

    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


# ---------------------------------------------------------------- the documents

MILL = [("heading", 1, "The Bell in the Mill")] + paragraphs(texts.MILL)
WEATHER = [("heading", 1, "The Weather of a Narrow Valley"), ("heading", 2, "Shadows"), *paragraphs(texts.WEATHER[:3]),
           ("heading", 2, "Winds and Fog"), *paragraphs(texts.WEATHER[3:6]), ("heading", 2, "What Has Changed"),
           *paragraphs(texts.WEATHER[6:])]
GERMAN = [("heading", 1, "Das Wirtshaus zum halben Mond"), *paragraphs(texts.GERMAN)]
NOTED = ([("heading", 1, "The Bell in the Mill")] + noted(texts.MILL[:3], texts.NOTES[:3]) + [("page",)]
         + noted(texts.MILL[3:6], texts.NOTES[3:6], 4))
TABLES = [("heading", 1, "Stations and Harvests"), ("paragraph", texts.WEATHER[5]), ("table", texts.STATIONS),
          ("paragraph", texts.WEATHER[6]), ("table", texts.HARVEST), ("paragraph", texts.WEATHER[7])]
NARROW = [("heading", 1, "The Bell in the Mill"), ("paragraph", texts.MILL[0]), ("table", texts.DAMAGE), *paragraphs(texts.MILL[1:]),
          ("heading", 1, "The Weather of a Narrow Valley"), *paragraphs(texts.WEATHER)]
VERSES = [("heading", 1, "Song of the Wheel")] + [("verse", lines) for lines in texts.VERSE] + [("paragraph", texts.MILL[7])]
BOOK = [("heading", 1, "The Bell in the Mill"), *paragraphs(texts.MILL[:4]), ("page",), *paragraphs(texts.MILL[4:]), ("page",),
        ("heading", 1, "The Weather of a Narrow Valley"), *paragraphs(texts.WEATHER[:4]), ("page",), *paragraphs(texts.WEATHER[4:])]
LISTED = [("heading", 1, "What to Bring"), ("paragraph", texts.WEATHER[0]),
          ("list", ["A rope of forty yards, dry", "Two lanterns, one of them lit", "Bread for a day and cheese for two"]),
          ("paragraph", texts.WEATHER[7]), ("list", ["A map marked in red", "A map marked in green"])]
RUSSIAN = [("heading", 1, "Дневник смотрителя"), *paragraphs(texts.RUSSIAN)]
HEBREW = [("heading", 1, "הכבשה הנוספת"), *paragraphs(texts.HEBREW)]
FRENCH = [("heading", 1, "La bergère du col"), *paragraphs(texts.FRENCH)]
MENU = ("<nav><ul><li><a href=/>Home</a></li><li><a href=/news>News</a></li><li><a href=/shop>Shop</a></li><li><a href=/login>Log in</a></li></ul></nav>",
        "<footer><p>Copyright 2023 Parish of Holm. <a href=/terms>Terms</a> <a href=/privacy>Privacy</a></p></footer>")


def latex_turned():
    """The second page lies on its side, as a wide table does."""
    body = tex_body([("heading", 1, "Stations and Harvests"), ("paragraph", texts.WEATHER[0]), ("page",)])
    lying = tex_body([("paragraph", texts.WEATHER[5]), ("table", texts.HARVEST)])
    body += "\\rotatebox{90}{\\begin{minipage}{0.9\\textheight}" + lying + "\\end{minipage}}\n\\newpage\n"
    return latex([], body=body + tex_body([("paragraph", texts.WEATHER[7])]), preamble="\\pagestyle{empty}")


TURNED = [("heading", 1, "Stations and Harvests"), ("paragraph", texts.WEATHER[0]), ("paragraph", texts.WEATHER[5]),
          ("table", texts.HARVEST), ("paragraph", texts.WEATHER[7])]
EMPTY = "\\pagestyle{empty}"
UPSIDE = "body { transform: rotate(180deg) }"


def verse_pages():
    return latex(VERSES, preamble=EMPTY)


# name -> (class, blocks of the truth, how it is made)
DOCUMENTS = {
    "one-latex.pdf": ("one column", MILL, lambda: latex(MILL, preamble=EMPTY)),
    "one-office.pdf": ("one column", WEATHER, lambda: libreoffice(flat_odt(WEATHER), "pdf")),
    "one-chromium.pdf": ("one column", MILL, lambda: chromium(web_page(MILL))),
    "two-latex.pdf": ("two columns", MILL, lambda: latex(MILL, options="10pt,a4paper,twocolumn", preamble=EMPTY)),
    "two-latex-headings.pdf": ("two columns", WEATHER, lambda: latex(WEATHER, options="10pt,a4paper,twocolumn", preamble=EMPTY)),
    "two-office.pdf": ("two columns", WEATHER, lambda: libreoffice(flat_odt(WEATHER, columns=2), "pdf")),
    "two-chromium.pdf": ("two columns", MILL, lambda: chromium(web_page(MILL, style="body { columns: 2; column-gap: 9mm }"))),
    "two-narrow-latex.pdf": ("two columns", NARROW, lambda: latex(NARROW, options="11pt,a5paper,twocolumn",
                                                                  preamble=EMPTY + "\\usepackage[a5paper]{geometry}")),
    "notes-latex.pdf": ("footnotes", NOTED, lambda: latex(NOTED, preamble=EMPTY)),
    "notes-two-latex.pdf": ("footnotes", NOTED_TWO := [("heading", 1, "The Bell in the Mill")] + noted(texts.MILL[:4], texts.NOTES[:2]),
                            lambda: latex(NOTED_TWO, options="10pt,a4paper", preamble=EMPTY)),
    "notes-office.pdf": ("footnotes", NOTED, lambda: libreoffice(flat_odt(NOTED), "pdf")),
    "tables-latex.pdf": ("tables", TABLES, lambda: latex(TABLES, preamble=EMPTY)),
    "tables-office.pdf": ("tables", TABLES, lambda: libreoffice(flat_odt(TABLES), "pdf")),
    "tables-chromium.pdf": ("tables", TABLES, lambda: chromium(web_page(TABLES))),
    "heads-latex.pdf": ("running heads", BOOK,
                        lambda: latex(BOOK, preamble="\\pagestyle{myheadings}\\markright{The Bell in the Mill}")),
    "heads-office.pdf": ("running heads", BOOK, lambda: libreoffice(flat_odt(BOOK, head="The Bell in the Mill"), "pdf")),
    "verse-latex.pdf": ("verse and lists", VERSES, verse_pages),
    "verse-chromium.pdf": ("verse and lists", VERSES, lambda: chromium(web_page(VERSES))),
    "lists-office.pdf": ("verse and lists", LISTED, lambda: libreoffice(flat_odt(LISTED), "pdf")),
    "turned-latex.pdf": ("turned pages", TURNED, latex_turned),
    "turned-chromium.pdf": ("turned pages", LISTED, lambda: chromium(web_page(LISTED, style=UPSIDE))),
    "hyphens-latex.pdf": ("hyphens", MILL, lambda: latex(MILL, preamble=EMPTY + "\\textwidth=62mm")),
    "hyphens-office.pdf": ("hyphens", GERMAN, lambda: libreoffice(flat_odt(GERMAN, columns=3, language="de", country="DE", hyphenate=True), "pdf")),
    "hyphens-chromium.pdf": ("hyphens", WEATHER,
                             lambda: chromium(web_page(WEATHER, style="p { hyphens: auto; text-align: justify; width: 75mm }"))),
    "russian-office.pdf": ("scripts", RUSSIAN, lambda: libreoffice(flat_odt(RUSSIAN, language="ru", country="RU"), "pdf")),
    "hebrew-chromium.pdf": ("scripts", HEBREW, lambda: chromium(web_page(HEBREW, "he", style='body { font-family: "DejaVu Sans" }'))),
    "hebrew-office.pdf": ("scripts", HEBREW, lambda: libreoffice(flat_odt(HEBREW, language="he", country="IL"), "pdf")),
    "page.html": ("html", WEATHER, lambda: web_page(WEATHER, around=MENU).encode()),
    "report.docx": ("office", TABLES, lambda: libreoffice(flat_odt(TABLES), "docx")),
    "tale.odt": ("office", FRENCH + VERSES, lambda: libreoffice(flat_odt(FRENCH + VERSES), "odt")),
    "scan-one.pdf": ("ocr", MILL[:5], lambda: pictured(latex(MILL[:5], preamble=EMPTY))),
    "scan-two.pdf": ("ocr", WEATHER[:8], lambda: pictured(latex(WEATHER[:8], options="11pt,a4paper,twocolumn", preamble=EMPTY))),
    "scan-skew.pdf": ("ocr", MILL, lambda: pictured(latex(MILL, options="10pt,a4paper,twocolumn", preamble=EMPTY), skew=0.035)),
    "photo.png": ("ocr", LISTED, lambda: pbm_as_png(latex(LISTED, preamble=EMPTY))),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, blocks, make) in DOCUMENTS.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        (folder / name).write_bytes(make())
        (folder / f"{name}.txt").write_text(truth.text_of(blocks))
        print(name, (folder / name).stat().st_size)
    classes = {name: kind for name, (kind, _, _) in DOCUMENTS.items()}
    (folder / "classes.json").write_text(json.dumps(classes, indent=1) + "\n")


if __name__ == "__main__":
    main()
