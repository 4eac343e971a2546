// A conversation is a tree: what was edited or written again stands beside what was there before, and nothing is
// replaced. The path that is shown goes from the root along the selected children.

import {newId} from "./dom.js";

export class Conversation {
  constructor(record, messages = []) {
    Object.assign(this, record);
    this.messages = new Map(messages.map(message => [message.id, message]));
  }

  static create(kind, settings) {
    const now = Date.now();
    return new Conversation({id: newId(), title: "", named: false, created: now, changed: now, kind, settings, selected: {}});
  }

  children(parent) {
    return [...this.messages.values()].filter(message => message.parent === parent);
  }

  // Those that stand in for each other; the message is one of them.
  siblings(message) {
    return this.children(message.parent);
  }

  path() {
    const byParent = new Map();
    for (const message of this.messages.values()) {
      if (!byParent.has(message.parent)) byParent.set(message.parent, []);
      byParent.get(message.parent).push(message);
    }
    const found = [];
    for (let at = "", next = byParent.get(at); next; next = byParent.get(at)) {
      const chosen = next.find(message => message.id === this.selected[at]) || next[next.length - 1];
      found.push(chosen);
      at = chosen.id;
    }
    return found;
  }

  // Messages from the first to the one before `message`.
  before(message) {
    const found = [];
    for (let at = this.messages.get(message.parent); at; at = this.messages.get(at.parent)) found.unshift(at);
    return found;
  }

  leaf() {
    return this.path().at(-1);
  }

  select(message) {
    this.selected[message.parent] = message.id;
  }

  add(role, text, parent, more = {}) {
    // A later message is younger, however fast they come: children are listed by age.
    const created = Math.max(Date.now(), ...[...this.messages.values()].map(message => message.created + 1));
    const message = {id: newId(), conversation: this.id, parent, role, text, created, status: "done", ...more};
    this.messages.set(message.id, message);
    this.select(message);
    this.changed = Date.now();
    if (!this.named && role === "user") this.title ||= (text.trim().split("\n")[0] || more.files?.[0].name || "").slice(0, 80);
    return message;
  }
}
