// Why a token was drawn: the candidates at each step of the chain, and the draw. Any candidate can be gone on with.

import {button, byId, make, percent} from "./dom.js";

const probability = value => value >= 0.0005 || value === 0 ? value.toFixed(3) : value.toExponential(1);

// Spaces and control characters are seen.
export function visible(piece, id) {
  if (piece === "" || piece.includes("\ufffd")) return `${piece}#${id}`;  // parts of characters look alike
  return piece.replace(/ /g, "·").replace(/\n/g, "⏎").replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

// A control token ends the text; a part of a character is no text.
const isControl = piece => /^<\|.*\|>$|^<\/?s>$|^<(bos|eos|pad|unk|end_of_turn|start_of_turn)>$/.test(piece);

function bars(was, is, chosen) {
  const bar = (kind, token) => {
    const element = make("div", {class: `bar ${kind}`});
    element.style.width = `${100 * (token?.prob || 0)}%`;
    return element;
  };
  return make("td", {class: "bars", "aria-hidden": "true"}, bar("before", was), bar(chosen ? "after chosen" : "after", is));
}

function stageCard(previous, stage, step, choose) {
  const before = new Map(previous.top.map(token => [token.id, token]));
  const after = new Map(stage.top.map(token => [token.id, token]));
  const rows = [];
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(id), is = after.get(id), token = is || was;
    // A step lists its best only: one that is missing is gone for certain where all that were kept are listed.
    if (!is && stage.kept > stage.top.length) continue;
    const chosen = id === step.chosen.id;
    rows.push(make("tr", {class: [is ? "" : "removed", chosen ? "chosen" : ""].join(" ").trim()},
      make("th", {scope: "row"}, choose(token, chosen)),
      make("td", {}, was ? probability(was.prob) : ""), make("td", {}, is ? probability(is.prob) : "removed"),
      bars(was, is, chosen)));
  }
  const gone = previous.kept - stage.kept;
  const facts = [
    gone > 0 ? `${previous.kept} → ${stage.kept} candidates, ${percent(stage.removed_mass)} of the probability removed`
             : `${stage.kept} candidates, none removed`,
    `entropy ${previous.entropy_bits.toFixed(2)} → ${stage.entropy_bits.toFixed(2)} bits`];
  if (previous.temperature !== stage.temperature) facts.push(`temperature ${stage.temperature}`);
  if (stage.why) facts.push(stage.why);
  return make("section", {class: "stage"}, make("h3", {}, stage.name), make("p", {class: "soft"}, `${facts.join("; ")}.`),
    make("table", {}, make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "token"), make("th", {scope: "col"}, "before"),
      make("th", {scope: "col"}, "after"), make("td", {"aria-hidden": "true"}))), make("tbody", {}, ...rows)));
}

// The interval from 0 to 1, shared out by probability.
function interval(step, last) {
  const box = make("div", {class: "interval", role: "img",
    "aria-label": `The interval from 0 to 1, shared out by probability; u = ${step.u} falls into the part of the drawn token`});
  const part = (name, low, high, chosen) => {
    const title = `${name}: ${low.toFixed(4)} to ${high.toFixed(4)}`;
    const element = make("div", {class: chosen ? "part chosen" : "part", title},
      high - low > 0.03 * (name.length + 1) ? name : "");
    element.style.left = `${100 * low}%`;
    element.style.width = `${100 * (high - low)}%`;
    box.append(element);
  };
  let low = 0, drawn = false;
  for (const token of last.top) {
    const high = Math.min(1, low + token.prob);
    part(visible(token.piece, token.id), low, high, token.id === step.chosen.id);
    drawn ||= token.id === step.chosen.id;
    low = high;
  }
  if (!drawn) part(visible(step.chosen.piece, step.chosen.id), ...step.interval, true);
  const mark = make("div", {class: "mark"});
  mark.style.left = `${100 * step.u}%`;
  box.append(mark);
  return box;
}

// Fills the panel. `go` shows another token; `branch(text or null)` goes on from a candidate, null ends the text there.
export function whyView(message, index, {go, branch}) {
  const step = message.traces[index];
  const nav = make("div", {class: "row"},
    button("‹ Before", () => go(index - 1), {disabled: index === 0, id: "why-before"}),
    button("Next ›", () => go(index + 1), {disabled: index + 1 === message.tokens.length, id: "why-next"}),
    make("span", {class: "soft"}, `token ${index + 1} of ${message.tokens.length}`));
  if (!step) return [nav, make("p", {}, "The server sent no trace of this token.")];
  const stages = [step.entry, ...step.stages], last = stages.at(-1);
  const choose = (candidate, chosen) => {
    const shown = visible(candidate.piece, candidate.id);
    if (chosen || candidate.piece.includes("\ufffd") || candidate.piece === "") return make("span", {class: "piece"}, shown);
    const ends = isControl(candidate.piece);
    return button(shown, () => branch(ends ? null : candidate.piece),
      {class: "piece", title: ends ? "end the text here" : "write on from this token",
       "aria-label": ends ? `${shown}: end the text here` : `write on from ${shown}`});
  };
  const cards = step.stages.length ? step.stages.map((stage, i) => stageCard(stages[i], stage, step, choose))
                                   : [stageCard(step.entry, step.entry, step, choose)];
  return [nav,
    make("p", {class: "drawn"}, make("span", {class: "piece chosen"}, visible(step.chosen.piece, step.chosen.id)),
      ` drawn with probability ${probability(step.chosen.prob)}, number ${step.chosen.rank + 1} of the ${last.kept} ` +
      `candidates that were left of ${step.entry.kept}.`),
    make("p", {class: "soft"}, `The draw: u = ${step.u.toFixed(6)} lies in [${step.interval[0].toFixed(6)}, ` +
      `${step.interval[1].toFixed(6)}). Temperature ${last.temperature}.`),
    interval(step, last),
    make("p", {class: "soft"}, "Choose another candidate, and a new branch is written from it."), ...cards];
}

export function showWhy(message, index, actions) {
  const focused = document.activeElement?.id;
  byId("why").replaceChildren(...whyView(message, index, actions));
  if (focused === "why-before" || focused === "why-next") {
    const again = byId(focused);
    (again.disabled ? byId(focused === "why-before" ? "why-next" : "why-before") : again).focus();
  }
}
