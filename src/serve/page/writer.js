// Lets the server write a message, and keeps what came: whatever happens, the text that was shown stays.

import {bodyText, stream} from "./api.js";
import {announce, announceGrowth, announceRest, count} from "./dom.js";
import {readChunk, requestFor} from "./requests.js";
import * as store from "./store.js";

const kSaveEvery = 250;  // milliseconds
const kRateOver = 5000;  // milliseconds that the speed is an average of

const running = new Map();  // by message: {controller, message, conversation}

export const isRunning = message => running.has(message.id);
export const runningIn = conversation => [...running.values()].find(run => run.conversation.id === conversation.id);
export const stop = conversation => runningIn(conversation)?.controller.abort();

addEventListener("pagehide", () => {
  for (const {message} of running.values()) {
    store.saveAtOnce(message);
    store.saveTokens(message);
  }
});

// Where each token stands in the text. A token may be a part of a character: it is shown with the one that completes it.
class TokenPlaces {
  #decoder = new TextDecoder();
  #end;

  constructor(start) {
    this.#end = start;
  }

  // `length`: of the text so far. Thoughts and marks are no part of it, and their tokens have no place.
  place({chosen, bytes}, length) {
    const start = this.#end;
    const end = start + (bytes ? this.#decoder.decode(Uint8Array.from(bytes), {stream: true}).length : chosen.piece.length);
    if (end <= length) this.#end = end;
    else this.#decoder = new TextDecoder();
    return {id: chosen.id, start, end: this.#end};
  }
}

// What is shown while it goes on.
class Live {
  progress = null;
  tokens = 0;
  heard = performance.now();
  #times = [];

  wrote(tokens) {
    this.tokens += tokens;
    this.#times.push([performance.now(), tokens]);
    while (this.#times[0][0] < performance.now() - kRateOver) this.#times.shift();
  }

  rate() {
    const from = this.#times[0]?.[0];
    const seconds = (performance.now() - from) / 1000;
    return seconds > 0.2 ? this.#times.slice(1).reduce((sum, [, tokens]) => sum + tokens, 0) / seconds : 0;
  }
}

function keepEvery(message) {
  let timer = 0;
  return {
    soon() {
      timer ||= setTimeout(() => { timer = 0; store.saveMessage(message); }, kSaveEvery);
    },
    async now() {
      clearTimeout(timer);
      await store.saveMessage(message);
      if (message.tokens.length) await store.saveTokens(message);
    },
  };
}

// Writes `message`, or goes on with it. `changed` is called after each piece. Throws SettingError, before anything is
// sent; all else that goes wrong becomes the message's status.
export async function write(conversation, message, options, changed) {
  const {path, fields} = requestFor(conversation, message, options);
  const controller = new AbortController(), live = new Live(), save = keepEvery(message);
  running.set(message.id, {controller, message, conversation});
  const places = new TokenPlaces(message.text.length), ledger = {};
  let finish = "";
  Object.assign(message, {status: "writing", error: null, finish: "", live, model: fields.model || ""});
  changed(message);
  announce("Writing.");

  const take = chunk => {
    const {text, reasoning, traces, finish: ended, progress, ledger: said, usage} = readChunk(chunk);
    live.heard = performance.now();
    if (progress) live.progress = progress;
    if (reasoning) message.reasoning = (message.reasoning || "") + reasoning;
    message.text += text;
    for (const trace of traces) {
      message.traces[message.tokens.length] = trace;
      message.tokens.push(places.place(trace, message.text.length));
    }
    if (text || traces.length) live.wrote(traces.length || 1);
    if (said) Object.assign(ledger, said);
    if (usage) ledger.usage = usage;
    if (chunk.model) message.model = chunk.model;
    finish ||= ended;
    announceGrowth(text);
    save.soon();
    changed(message);
  };

  try {
    message.traces ||= await store.tracesOf(message.id);
    await stream(path, bodyText(fields, conversation.settings.seed), controller.signal, take);
    message.status = finish ? "done" : "cut";
    message.finish = finish;
  } catch (error) {
    message.status = error.name === "AbortError" ? "stopped" : error.code === "cut" ? "cut" : "error";
    if (message.status === "error") {
      const {message: text, status = 0, code = "", param = "", retryAfter = ""} = error;
      message.error = {text, status, code, param, retryAfter};
    }
  } finally {
    running.delete(message.id);
    delete message.live;
    if (Object.keys(ledger).length) message.ledgers = [...(message.ledgers || []), ledger];
    await save.now();
    announceRest();
    announce(message.status === "done" ? `The answer is whole, ${count(live.tokens, "token")}.`
      : message.status === "stopped" ? "Stopped." : message.error?.text || "The connection was cut.");
    changed(message);
  }
}
