// One message on the screen: its text, what became of it, what can be done with it.

import {announce, button, copyText, count, make, notice} from "./dom.js";
import {ledgerView} from "./ledger.js";
import {Rendering} from "./markdown.js";
import {isRunning} from "./writer.js";

// Puts a range of the text into `parent`, each token as an element of its own.
function emitter(text, tokens) {
  if (!tokens.length) return (parent, start, end) => parent.append(text.slice(start, end));
  const firstEndingAfter = at => {
    let low = 0, high = tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tokens[middle].end > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return (parent, start, end) => {
    let at = start;
    for (let i = firstEndingAfter(start); i < tokens.length && at < end; ++i) {
      const from = Math.max(at, tokens[i].start), to = Math.min(end, tokens[i].end);
      if (from >= end) break;
      if (from > at) parent.append(text.slice(at, from));
      if (to > from) parent.append(make("span", {class: "token", "data-token": String(i)}, text.slice(from, to)));
      at = Math.max(from, to);
    }
    if (at < end) parent.append(text.slice(at, end));
  };
}

const kEnds = {
  length: "The answer reached the length that was set.",
  context: "The model's context is full.",
  interrupt: "The server ended the answer before it was whole.",
};

// What is to be said below a text that did not end by itself.
function stateText(message) {
  if (message.status === "stopped") return "Stopped.";
  if (message.status === "cut") return "The connection ended before the answer did. The text so far is kept.";
  if (message.status === "left") return "The page was closed while this was being written. The text so far is kept.";
  if (message.status === "error") {
    const {text, retryAfter} = message.error;
    return `${text}${retryAfter ? ` The server says to wait ${count(retryAfter, "second")}.` : ""}` +
      (message.text ? " The text so far is kept." : "");
  }
  return kEnds[message.finish] || "";
}

export class MessageView {
  // `chat` offers edit, regenerate, goOn, show (another branch) and why; `conversation` holds the message.
  constructor(message, conversation, chat) {
    Object.assign(this, {message, conversation, chat, raw: conversation.kind === "text" || message.role === "user"});
    this.body = make("div", {class: "body"});
    this.thought = make("details", {class: "thought", hidden: true}, make("summary", {}, "Thinking"), make("div"));
    this.files = make("div", {class: "files"}, ...(message.files || []).map(file => fileView(file)));
    this.progress = make("div", {class: "progress", hidden: true});
    this.state = make("p", {class: "state", hidden: true});
    this.ledger = make("div");
    this.actions = make("div", {class: "actions", role: "group", "aria-label": "what can be done with this message"});
    this.element = make("li", {class: `message ${message.role}`, "data-id": message.id},
      make("h3", {class: "unseen"}, message.role === "user" ? "You wrote" : "Answer"), this.files, this.thought, this.body,
      this.progress, this.state, this.actions, this.ledger);
    this.rendering = new Rendering(this.body);
    this.body.addEventListener("click", event => {
      const token = event.target.closest(".token");
      if (token && getSelection().isCollapsed) chat.why(message, Number(token.dataset.token), token);
    });
    this.update();
  }

  update() {
    const {message} = this, writing = isRunning(message), tokens = message.tokens || [];
    this.element.setAttribute("aria-busy", String(writing));
    this.element.classList.toggle("writing", writing);
    this.body.classList.toggle("raw", this.raw);
    this.body.classList.toggle("traced", tokens.length > 0);
    this.rendering.update(message.text, emitter(message.text, tokens), this.raw);
    this.thought.hidden = !message.reasoning;
    this.thought.lastElementChild.textContent = message.reasoning || "";
    this.showProgress();
    const state = writing ? "" : stateText(message);
    this.state.hidden = !state;
    this.state.textContent = state;
    this.state.classList.toggle("error", message.status === "error");
    this.showActions(writing);
    if (writing || message.ledgers?.length === this.ledger.childElementCount) return;
    const ledgers = message.ledgers || [];
    this.ledger.replaceChildren(...ledgers.map((each, i) => ledgerView(each, message, ledgers.length > 1 ? i + 1 : 0)));
  }

  showProgress() {
    const {live} = this.message;
    this.progress.hidden = !live;
    if (!live) return;
    const {computed = 0, prompt = 0} = live.progress || {};
    const silent = Math.floor((performance.now() - live.heard) / 1000);
    const rate = live.rate();
    let words = "Waiting for the server", bar = null;
    if (live.tokens) {
      words = count(live.tokens, "token") + (rate ? `, ${rate.toFixed(1)} a second` : "");
    } else if (prompt) {
      words = `Reading the prompt: ${computed.toLocaleString("en")} of ${count(prompt, "token")}`;
      bar = make("progress", {max: prompt, value: computed, "aria-label": "prompt read"});
    }
    if (silent >= 15) words += `; nothing for ${silent} s`;
    this.progress.replaceChildren(make("span", {}, words), ...(bar ? [bar] : []));
  }

  showActions(writing) {
    const {message, conversation, chat} = this, list = [], siblings = conversation.siblings(message);
    const last = conversation.leaf() === message;
    // Buttons that stay as they are keep the focus.
    const {status, finish, text, tokens} = message;
    const state = JSON.stringify([writing, siblings.length, last, status, finish, !!text, !!tokens?.length]);
    if (state === this.actionsState) return;
    this.actionsState = state;
    if (siblings.length > 1) {
      const at = siblings.indexOf(message);
      const go = (label, step, text) => button(text, () => chat.show(siblings[at + step]),
                                               {"aria-label": label, disabled: !siblings[at + step], class: "branch"});
      list.push(make("span", {class: "branches", role: "group", "aria-label": `version ${at + 1} of ${siblings.length}`},
        go("earlier version", -1, "‹"), make("span", {}, `${at + 1}/${siblings.length}`), go("later version", 1, "›")));
    }
    if (!writing && message.role === "assistant") {
      const unfinished = message.status !== "done" || message.finish !== "stop";
      if (last && unfinished && message.text) list.push(button("Continue", () => chat.goOn(message), {class: "primary"}));
      list.push(button(message.text ? "Regenerate" : "Try again", () => chat.regenerate(message)));
      if (message.tokens?.length) list.push(button("Why these words?", event => chat.why(message, 0, event.target)));
    }
    if (message.role === "user" && !writing) list.push(button("Edit", () => this.edit()));
    if (message.text) list.push(button("Copy", event => this.copy(event.target)));
    if (message.role === "assistant" && conversation.kind === "chat" && message.text) {
      list.push(button("Raw text", event => this.toggleRaw(event.target), {"aria-pressed": String(this.raw)}));
    }
    const focused = this.actions.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.actions.replaceChildren(...list);
    if (focused) [...this.actions.querySelectorAll("button")].find(each => each.textContent === focused)?.focus();
  }

  toggleRaw(pressed) {
    this.raw = !this.raw;
    pressed.setAttribute("aria-pressed", String(this.raw));
    this.rendering.clear();
    this.update();
  }

  async copy(pressed) {
    try {
      await copyText(this.message.text);
      pressed.textContent = "Copied";
      announce("Copied.");
      setTimeout(() => { pressed.textContent = "Copy"; }, 1500);
    } catch (error) {
      notice(`Not copied: ${error.message}.`, {kind: "error"});
    }
  }

  // The text in a field; sent, it is a branch beside the message.
  edit() {
    const field = make("textarea", {"aria-label": "your message", rows: "3"});
    field.value = this.message.text;
    const close = () => {
      form.replaceWith(this.body);
      this.actions.hidden = false;
      [...this.actions.querySelectorAll("button")].find(each => each.textContent === "Edit")?.focus();
    };
    const send = event => {
      event.preventDefault();
      if (!field.value.trim() && !this.message.files?.length) return;
      close();
      this.chat.edit(this.message, field.value);
    };
    const form = make("form", {class: "edit", onsubmit: send}, field, make("div", {class: "row end"},
      button("Cancel", close), make("button", {type: "submit", class: "primary"}, "Send as a new branch")));
    field.addEventListener("keydown", event => {
      if (event.isComposing) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        close();
      } else if (event.key === "Enter" && !event.shiftKey) {
        send(event);
      }
    });
    this.body.replaceWith(form);
    this.actions.hidden = true;
    field.focus();
  }

  markToken(index) {
    for (const old of this.body.querySelectorAll(".token.shown")) old.classList.remove("shown");
    const marked = this.body.querySelectorAll(`[data-token="${index}"]`);
    for (const each of marked) each.classList.add("shown");
    marked[0]?.scrollIntoView({block: "nearest"});
  }
}

// A file that was read: its name, and on a click what was taken of it.
export function fileView(file, remove) {
  const facts = [file.format, count(file.text.length, "character")].filter(Boolean).join(", ");
  const words = value => typeof value === "string" ? value : JSON.stringify(value);
  return make("details", {class: "file"},
    make("summary", {}, make("span", {class: "name"}, file.name), make("span", {class: "soft"}, facts),
      remove ? button("×", event => { event.preventDefault(); remove(); }, {"aria-label": `take ${file.name} away`}) : null),
    file.taken ? make("p", {}, words(file.taken)) : null,
    file.notes?.length ? make("ul", {}, ...file.notes.map(note => make("li", {}, words(note)))) : null,
    make("pre", {tabindex: "0", "aria-label": `the text of ${file.name}`}, file.text));
}
