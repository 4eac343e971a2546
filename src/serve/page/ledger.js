// What the server says it did for an answer: everything in the object `sheepop` and in `usage`, known or not.

import {count, make} from "./dom.js";

const kNames = {
  prompt: "of the prompt", template: "of the template", messages: "of each message", reused: "found in the cache",
  isa: "instruction set", finish: "ended by", time: "seconds", queue_s: "in the queue",
  first_token_s: "to the first token", thinking: "of these, thoughts", total_s: "in all", tokens_per_s: "tokens a second", unused: "fields that changed nothing", sampling: "setting",
};

const nameOf = key => kNames[key] || key.replaceAll("_", " ");

function valueOf(value) {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  if (Array.isArray(value)) {
    if (!value.length) return "none";
    return value.map(each => typeof each === "object" && each ? JSON.stringify(each) : valueOf(each)).join(", ");
  }
  return String(value);
}

function rows(object, prefix = "") {
  const found = [];
  for (const [key, value] of Object.entries(object)) {
    const name = prefix + nameOf(key);
    if (key === "seed") found.push([name, String(value)]);
    else if (value && typeof value === "object" && !Array.isArray(value)) found.push(...rows(value, `${name}: `));
    else found.push([name, valueOf(value)]);
  }
  return found;
}

// `part` counts from 1 where an answer was gone on with, and is 0 where it is whole.
export function ledgerView(ledger, message, part) {
  const usage = ledger.usage || {};
  const title = usage.completion_tokens === undefined ? "What was done"
    : `What was done: ${count(usage.prompt_tokens, "token")} read, ${count(usage.completion_tokens, "token")} written`;
  return make("details", {class: "ledger"}, make("summary", {}, part ? `${title} (part ${part})` : title),
    message.model ? make("p", {class: "soft"}, `Model ${message.model}`) : null,
    make("dl", {}, ...rows(ledger).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
}
