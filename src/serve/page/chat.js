// The conversation on the screen, and what a person does with it.

import {byId, make, notice} from "./dom.js";
import {MessageView} from "./message.js";
import {SettingError} from "./requests.js";
import * as store from "./store.js";
import {runningIn, stop, write} from "./writer.js";
import {showWhy} from "./why.js";

const kRedrawEvery = 80;  // milliseconds: the model may want the same processor

export class Chat {
  // `app` has settings, panels, saveConversation and refused (a setting or a key that is wrong).
  constructor(app) {
    this.app = app;
    this.views = new Map();
    this.dirty = new Set();
    // Progress and silence change without a message.
    setInterval(() => { for (const view of this.views.values()) if (view.message.live) view.showProgress(); }, 1000);
    byId("scroll").addEventListener("scroll", () => {
      const box = byId("scroll");
      this.follows = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    });
  }

  // Shows the path; messages that stay on it keep their elements.
  show(conversation) {
    if (conversation !== this.conversation) this.views.clear();
    this.conversation = conversation;
    const path = conversation.path();
    const views = path.map(message => this.views.get(message.id) || new MessageView(message, conversation, this.actions()));
    this.views = new Map(views.map(view => [view.message.id, view]));
    byId("messages").replaceChildren(...views.map(view => view.element));
    byId("messages").classList.toggle("document", conversation.kind === "text");
    byId("welcome").hidden = path.length > 0;
    for (const view of views) view.update();
    this.app.runningChanged();
  }

  toEnd() {
    this.follows = true;
    byId("scroll").scrollTop = byId("scroll").scrollHeight;
  }

  actions() {
    return {
      edit: (message, text) => this.edit(message, text),
      regenerate: message => this.regenerate(message),
      goOn: message => this.write(message),
      show: message => this.select(message),
      why: (message, index, from) => this.why(message, index, from),
    };
  }

  // One answer at a time in a conversation.
  busy() {
    if (!runningIn(this.conversation)) return false;
    notice("This conversation is being written; stop it first.");
    return true;
  }

  async send(text, files) {
    const {conversation} = this;
    if (this.busy()) return false;
    const message = conversation.add("user", text, conversation.leaf()?.id || "", files.length ? {files} : {});
    return this.answer(message);
  }

  // An answer below `message`, beside those that are there. False when a setting kept it from being asked for.
  async answer(message) {
    const {conversation} = this;
    const answer = conversation.add("assistant", "", message.id, {tokens: [], traces: []});
    const saved = [store.saveMessage(message), store.saveMessage(answer)];
    const written = await this.write(answer);
    await Promise.all(saved);
    return written;
  }

  async write(message) {
    const {conversation} = this;
    if (this.busy()) return false;
    this.app.saveConversation(conversation);
    try {
      const writing = write(conversation, message, this.app.settings.options, each => this.changed(each));
      if (conversation === this.conversation) {
        this.show(conversation);
        this.toEnd();
      }
      await writing;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      Object.assign(message, {status: "error", error: {text: error.message}});
      await store.saveMessage(message);
      this.app.refused(error);
    }
    if (conversation === this.conversation) this.show(conversation);
    if (message.error?.status === 401) this.app.refused(message.error);
    this.app.runningChanged();
    return true;
  }

  changed(message) {
    if (!this.dirty.size) setTimeout(() => this.redraw(), kRedrawEvery);
    this.dirty.add(message);
  }

  redraw() {
    for (const message of this.dirty) this.views.get(message.id)?.update();
    this.dirty.clear();
    if (this.follows) byId("scroll").scrollTop = byId("scroll").scrollHeight;
    this.app.runningChanged();
  }

  stop() {
    stop(this.conversation);
  }

  async edit(message, text) {
    if (this.busy()) return false;
    const branch = this.conversation.add("user", text, message.parent, message.files ? {files: message.files} : {});
    return this.answer(branch);
  }

  async regenerate(message) {
    if (!message.text) return this.write(message);
    if (this.busy()) return false;
    return this.answer(this.conversation.messages.get(message.parent));
  }

  select(message) {
    this.conversation.select(message);
    this.app.saveConversation(this.conversation);
    this.show(this.conversation);
    this.views.get(message.id).element.querySelector(".branch:not(:disabled)")?.focus();
  }

  why(message, index, from) {
    this.app.openPanel("why", from);
    this.whyAt(message, index);
  }

  async whyAt(message, index) {
    message.traces ||= await store.tracesOf(message.id);
    this.views.get(message.id)?.markToken(index);
    showWhy(message, index, {
      go: to => this.whyAt(message, to),
      branch: piece => this.branchFrom(message, index, piece),
    });
  }

  // A new answer: the old one up to a token, another candidate in its place, and what the model makes of it.
  async branchFrom(message, index, piece) {
    if (this.busy()) return;
    const text = message.text.slice(0, message.tokens[index].start) + (piece ?? "");
    const branch = this.conversation.add("assistant", text, message.parent, {
      status: "stopped", tokens: message.tokens.slice(0, index), traces: message.traces.slice(0, index)});
    await store.saveMessage(branch);
    await store.saveTokens(branch);
    this.app.closePanel();
    this.show(this.conversation);
    if (piece === null) {
      Object.assign(branch, {status: "done", finish: "stop"});
      await store.saveMessage(branch);
      this.app.saveConversation(this.conversation);
      this.show(this.conversation);
    } else {
      await this.write(branch);
    }
    byId("text").focus();
  }
}
