"""How far a text is from what stands in its document: words that are wrong, and words out of their order."""

import bisect
import collections
import re
import unicodedata


def words_of(text):
    """NFC, white space as one separator, case kept."""
    return unicodedata.normalize("NFC", text).split()


def without_marks(text):
    """The words without the marks of Markdown and of lists, which no truth has; marks of notes stand apart."""
    lines = []
    for line in text.splitlines():
        if re.fullmatch(r"[\s|:*_=-]*", line) or line.startswith(("```", "<!--")):
            continue
        line = re.sub(r"^\s*(#+|[-*+\u2022\ue000-\uf8ff]|>)\s+", "", line)
        line = re.sub(r"</?(br|sup|sub|b|i|u|mark)\s*/?>", " ", line)
        line = line.replace("|", " ").replace("**", "").replace("~~", "")
        line = re.sub(r"(?<!\w)_(\S|\S.*?\S)_(?!\w)", r"\1", line)
        line = re.sub(r"(?<!\w)\*(\S|\S.*?\S)\*(?!\w)", r"\1", line)
        line = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)
        line = re.sub(r"(?<=[^\W\d_][.,;:!?])(?:\[\^?)?(\d{1,2})\]?(?=\s|$)", r" \1", line)
        lines.append(re.sub(r"\\([\\`*_{}\[\]()#+.!|-])", r"\1", line))
    return "\n".join(lines)


def word_errors(truth, found):
    """The fewest words to insert, delete and replace: Levenshtein's distance, by G. Myers, "A fast bit-vector algorithm for
    approximate string matching" (1999), with one integer for all rows of a column."""
    if not truth:
        return len(found)
    where = collections.defaultdict(int)
    for i, word in enumerate(truth):
        where[word] |= 1 << i
    full, last = (1 << len(truth)) - 1, 1 << (len(truth) - 1)
    up, down, distance = full, 0, len(truth)
    for word in found:
        match = where.get(word, 0)
        level = (((match & up) + up) ^ up) | match | down
        rise, fall = down | ~(level | up) & full, up & level
        distance += bool(rise & last) - bool(fall & last)
        rise, fall = (rise << 1 | 1) & full, fall << 1 & full
        up, down = fall | ~(level | rise) & full, rise & level
    return distance


def order_errors(truth, found):
    """Of the words that occur once in both, those outside the longest run that stands in the same order."""
    here, there = collections.Counter(truth), collections.Counter(found)
    place = {word: i for i, word in enumerate(found) if there[word] == 1}
    places = [place[word] for word in truth if here[word] == 1 and word in place]
    run = []
    for at in places:
        i = bisect.bisect_left(run, at)
        run[i:i + 1] = [at]
    return len(places) - len(run)


def score(truth, found):
    """(word errors, order errors, words of the truth) of two texts."""
    truth, found = words_of(truth), words_of(found)
    return word_errors(truth, found), order_errors(truth, found), len(truth)
