// The part of Markdown that models write: paragraphs, headings, lists, quotes, code, bold and emphasis. Everything that
// is shown is a range of the source, handed to `emit(parent, start, end)`, so that tokens can be found in it again.

import {make} from "./dom.js";

const kFence = /^\s*(`{3,}(?=[^`]*$)|~{3,})\s*/;
const kHeading = /^ {0,3}(#{1,6})\s+/;
const kRule = /^ {0,3}([-*_])\s*(\1\s*){2,}$/;
const kItem = /^(\s*)([-*+]|(\d{1,9})[.)])(\s+)/;
const kQuote = /^ {0,3}> ?/;

// Blocks in order: {kind, start, end, ...}. Ranges are of the whole text.
export function blocksOf(text) {
  const lines = [];
  for (let start = 0; start <= text.length;) {
    const found = text.indexOf("\n", start), end = found < 0 ? text.length : found;
    lines.push({start, end, text: text.slice(start, end)});
    start = end + 1;
  }
  const blocks = [];
  const special = line => kFence.test(line) || kHeading.test(line) || kRule.test(line) || kItem.test(line) || kQuote.test(line);
  for (let i = 0; i < lines.length;) {
    const first = lines[i], start = first.start;
    let match;
    if (first.text.trim() === "") {
      ++i;
    } else if ((match = kFence.exec(first.text))) {
      const closing = new RegExp(`^\\s*${match[1][0]}{${match[1].length},}\\s*$`);
      let last = i + 1;
      while (last < lines.length && !closing.test(lines[last].text)) ++last;
      const inner = last > i + 1 ? [lines[i + 1].start, lines[last - 1].end] : [first.end, first.end];
      const info = [start + match[0].length, start + Math.max(match[0].length, first.text.trimEnd().length)];
      blocks.push({kind: "code", start, end: lines[Math.min(last, lines.length - 1)].end, info, inner});
      i = last + 1;
    } else if ((match = kHeading.exec(first.text))) {
      const inner = [start + match[0].length, start + first.text.trimEnd().length];
      blocks.push({kind: "heading", start, end: first.end, level: match[1].length, inner});
      ++i;
    } else if (kRule.test(first.text)) {
      blocks.push({kind: "rule", start, end: first.end});
      ++i;
    } else if (kItem.test(first.text)) {
      const items = [];
      for (; i < lines.length; ++i) {
        const line = lines[i];
        if ((match = kItem.exec(line.text)) && !kRule.test(line.text)) {
          items.push({depth: match[1].length, number: match[3], ranges: [[line.start + match[0].length, line.end]]});
        } else if (/^\s+\S/.test(line.text) && !kFence.test(line.text)) {
          items.at(-1).ranges.push([line.start + line.text.search(/\S/), line.end]);
        } else if (line.text.trim() !== "" || !kItem.test(lines[i + 1]?.text || "")) {
          break;
        }
      }
      blocks.push({kind: "list", start, end: lines[i - 1].end, items});
    } else if (kQuote.test(first.text)) {
      const ranges = [];
      for (; i < lines.length && (match = kQuote.exec(lines[i].text)); ++i) {
        ranges.push([lines[i].start + match[0].length, lines[i].end]);
      }
      blocks.push({kind: "quote", start, end: lines[i - 1].end, ranges});
    } else {
      while (++i < lines.length && lines[i].text.trim() !== "" && !special(lines[i].text)) continue;
      blocks.push({kind: "paragraph", start, end: lines[i - 1].end, inner: [start, lines[i - 1].end]});
    }
  }
  return blocks;
}

// A text as it is, cut for the sake of speed alone, and never within a character.
function pieces(text) {
  const blocks = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + 2000, text.length);
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) ++end;
    blocks.push({kind: "raw", start, end});
    start = end;
  }
  return blocks;
}

// Marks whose end is missing are text; `missing` remembers them, so that a line of stars costs its length only.
function inline(parent, text, start, end, emit) {
  const missing = new Set();
  let plain = start, at = start;
  const wrap = (tag, mark, deeper) => {
    const from = at + mark.length;
    if (missing.has(mark) || from >= end || /\s/.test(text[from])) return false;
    let close = text.slice(from, end).indexOf(mark);
    if (close <= 0) {
      missing.add(mark);
      return false;
    }
    close += from;
    if (plain < at) emit(parent, plain, at);
    const element = make(tag);
    parent.append(element);
    if (deeper) inline(element, text, from, close, emit);
    else emit(element, from, close);
    plain = at = close + mark.length;
    return true;
  };
  while (at < end) {
    const c = text[at];
    if (c === "\\" && at + 1 < end && "\\`*_#-+.!>".includes(text[at + 1])) {
      if (plain < at) emit(parent, plain, at);
      plain = at + 1;
      at += 2;
    } else if (c === "`") {
      const mark = /^`+/.exec(text.slice(at, Math.min(end, at + 16)))[0];
      if (!wrap("code", mark, false)) at += mark.length;
    } else if (c === "*" && text[at + 1] === "*") {
      if (!wrap("strong", "**", true)) at += 2;
    } else if (c === "*") {
      if (!wrap("em", "*", true)) ++at;
    } else {
      ++at;
    }
  }
  if (plain < end) emit(parent, plain, end);
}

function linesInto(parent, text, ranges, emit) {
  ranges.forEach(([start, end], i) => {
    if (i) parent.append(make("br"));
    inline(parent, text, start, end, emit);
  });
  return parent;
}

function list(text, items, emit) {
  const root = make("div");
  const stack = [];  // {depth, element, ordered}
  for (const item of items) {
    const ordered = item.number !== undefined;
    while (stack.length && (stack.at(-1).depth > item.depth ||
                            (stack.at(-1).depth === item.depth && stack.at(-1).ordered !== ordered))) stack.pop();
    if (!stack.length || item.depth > stack.at(-1).depth) {
      const element = ordered ? make("ol", {start: item.number}) : make("ul");
      (stack.length ? stack.at(-1).element.lastElementChild || stack.at(-1).element : root).append(element);
      stack.push({depth: item.depth, element, ordered});
    }
    stack.at(-1).element.append(linesInto(make("li"), text, item.ranges, emit));
  }
  return root;
}

function element(text, block, emit) {
  switch (block.kind) {
    case "code": {
      const code = make("code"), info = make("span", {class: "info"}), [from, to] = block.info;
      emit(code, ...block.inner);
      if (from < to) emit(info, from, to);
      return make("div", {class: "code"}, from < to ? info : null, make("pre", {tabindex: "0", "aria-label": "code"}, code));
    }
    case "heading": {
      const heading = make(`h${Math.min(6, block.level + 2)}`);
      inline(heading, text, ...block.inner, emit);
      return heading;
    }
    case "rule":
      return make("hr");
    case "list":
      return list(text, block.items, emit);
    case "quote":
      return linesInto(make("blockquote"), text, block.ranges, emit);
    case "raw": {
      const span = make("span");
      emit(span, block.start, block.end);
      return span;
    }
    default: {
      const paragraph = make("p");
      inline(paragraph, text, ...block.inner, emit);
      return paragraph;
    }
  }
}

// Shows a text that grows: blocks that stay as they were keep their elements.
export class Rendering {
  #shown = [];  // {start, end, element}

  constructor(parent) {
    this.parent = parent;
  }

  clear() {
    this.parent.replaceChildren();
    this.#shown = [];
  }

  update(text, emit, raw) {
    const blocks = raw ? pieces(text) : blocksOf(text);
    let same = 0;
    while (same < this.#shown.length - 1 && same < blocks.length && this.#shown[same].start === blocks[same].start &&
           this.#shown[same].end === blocks[same].end) ++same;
    for (const old of this.#shown.splice(same)) old.element.remove();
    for (const block of blocks.slice(same)) {
      const made = element(text, block, emit);
      this.parent.append(made);
      this.#shown.push({start: block.start, end: block.end, element: made});
    }
  }
}
