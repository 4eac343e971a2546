// The page: what stands where, and what a key or a button does.

import {getJson, key, setKey} from "./api.js";
import {archive, readArchive} from "./archive.js";
import {Chat} from "./chat.js";
import {ask, button, byId, count, make, notice, saveFile} from "./dom.js";
import {Files} from "./files.js";
import {Follow} from "./follow.js";
import {newSettings} from "./requests.js";
import {Settings} from "./settings.js";
import * as store from "./store.js";
import {Conversation} from "./tree.js";
import {runningIn} from "./writer.js";

const kThemes = {"": "Colours: as the system", light: "Colours: light", dark: "Colours: dark"};
const kTheme = "sheepop.theme";
const kDraft = "sheepop.draft.";
const kLast = "sheepop.settings";

class App {
  conversations = [];
  models = [];
  current = null;

  async start() {
    this.settings = new Settings(() => this.settingsChanged());
    this.chat = new Chat(this);
    this.files = new Files(() => this.composerChanged());
    this.follow = new Follow();
    this.wire();
    this.showTheme();
    let told = null;
    const kept = await store.open(error => {
      if (told?.isConnected) return;
      told = notice(`The browser refused to keep a message (${error.message}). It is on the screen still: export the ` +
        "conversation before you close the page.", {kind: "error", actions: {Export: () => this.export()}});
    });
    if (!kept) {
      notice("This browser keeps nothing for this page. Export what you want to keep before you close it.", {kind: "error"});
    }
    this.conversations = (await store.allConversations()).map(record => new Conversation(record));
    const opened = this.conversations.find(each => each.id === location.hash.slice(1)) || this.conversations[0];
    if (opened) await this.open(opened);
    else this.fresh("chat");
    byId("text").focus();
    await this.connect();
  }

  // What the server has and can do.
  async connect() {
    try {
      this.models = (await getJson("v1/models")).data || [];
      byId("model").replaceChildren(...this.models.map(({id}) => make("option", {value: id}, id)));
      byId("training-tab").hidden = !this.models.some(model => model.sheepop?.checkpoint);
      this.showModel();
      if (this.current.kind === "chat" && !this.current.messages.size) this.fresh("chat");
    } catch (error) {
      if (error.status === 401) this.askForKey(error.message);
      else notice(error.message, {kind: "error", actions: {"Try again": () => this.connect()}});
      return;
    }
    try {
      this.settings.draw((await getJson("options")).groups || []);
    } catch (error) {
      notice(`The settings cannot be shown: ${error.message}`, {kind: "error", actions: {"Try again": () => this.connect()}});
    }
  }

  // Conversations.

  lastSettings() {
    try {
      return {...newSettings(), ...JSON.parse(store.recall(kLast) || "{}")};
    } catch {
      return newSettings();
    }
  }

  fresh(kind) {
    const {model} = this.lastSettings(), served = this.models.find(({id}) => id === model) || this.models[0];
    if (kind === "chat" && served?.sheepop?.chat === false) {
      notice(`${served.id} was not taught to chat: it goes on with a text instead.`);
      kind = "text";
    }
    const empty = this.conversations.find(each => each.kind === kind && !Object.keys(each.selected).length);
    if (empty) return this.open(empty);
    const conversation = Conversation.create(kind, this.lastSettings());
    conversation.loaded = true;
    this.conversations.unshift(conversation);
    return this.open(conversation);
  }

  async open(conversation) {
    if (!conversation.loaded) {
      for (const message of await store.messagesOf(conversation.id)) {
        if (message.status === "writing") message.status = "left";
        if (message.role === "assistant") message.tokens = await store.tokensOf(message.id);
        conversation.messages.set(message.id, message);
      }
      conversation.settings = {...newSettings(), ...conversation.settings};
      conversation.loaded = true;
    }
    this.current = conversation;
    history.replaceState(null, "", `#${conversation.id}`);
    this.showView("chat");
    this.settings.show(conversation.settings);
    this.showModel();
    this.chat.show(conversation);
    this.chat.toEnd();
    byId("text").value = store.recall(kDraft + conversation.id);
    byId("text").placeholder = conversation.kind === "text" ? "Text for the model to go on with" : "Write a message";
    byId("text-label").textContent = byId("text").placeholder;
    this.composerChanged();
    this.listConversations();
    document.body.classList.remove("listing");
  }

  saveConversation(conversation) {
    conversation.changed = Date.now();
    this.listConversations();
    return store.saveConversation(conversation);
  }

  titleOf(conversation) {
    return conversation.title || (conversation.kind === "text" ? "New text" : "New conversation");
  }

  listConversations() {
    const sorted = this.conversations.sort((a, b) => b.changed - a.changed);
    byId("title").textContent = this.titleOf(this.current);
    document.title = `${this.titleOf(this.current)} – SheepOp`;
    const focused = document.activeElement?.closest?.("#list li")?.dataset.id;
    byId("list").replaceChildren(...sorted.map(conversation => {
      const here = conversation === this.current, title = this.titleOf(conversation);
      return make("li", {"data-id": conversation.id, class: here ? "here" : null},
        button(title, () => this.open(conversation), {class: "open", "aria-current": here ? "true" : null, title}),
        button("Rename", () => this.rename(conversation), {class: "small", "aria-label": `rename ${title}`}),
        button("Delete", () => this.remove(conversation), {class: "small", "aria-label": `delete ${title}`}));
    }));
    if (focused) byId("list").querySelector(`[data-id="${focused}"] button`)?.focus();
  }

  async rename(conversation) {
    const field = make("input", {type: "text", id: "new-title", autofocus: true});
    field.value = this.titleOf(conversation);
    field.addEventListener("keydown", event => {
      if (event.key === "Enter" && !event.isComposing) field.closest("dialog").close("Rename");
    });
    const answer = await ask("Rename the conversation", make("p", {}, make("label", {for: "new-title"}, "Its name"), field),
                             ["Rename", "Cancel"]);
    if (answer !== "Rename" || !field.value.trim()) return;
    Object.assign(conversation, {title: field.value.trim(), named: true});
    await this.saveConversation(conversation);
  }

  async remove(conversation) {
    const text = make("p", {}, `“${this.titleOf(conversation)}” and all its branches will be gone from this browser.`);
    if (await ask("Delete the conversation?", text, ["Delete", "Keep"]) !== "Delete") return;
    if (runningIn(conversation)) {
      notice("It is being written; stop it first.");
      return;
    }
    await store.removeConversation(conversation.id);
    store.remember(kDraft + conversation.id, "");
    this.conversations = this.conversations.filter(each => each !== conversation);
    if (conversation !== this.current) this.listConversations();
    else if (this.conversations.length) await this.open(this.conversations[0]);
    else this.fresh("chat");
  }

  async export() {
    const whole = [];
    for (const conversation of this.conversations) {
      const messages = conversation.loaded ? [...conversation.messages.values()] : await store.messagesOf(conversation.id);
      if (messages.length) whole.push(new Conversation(conversation, messages));
    }
    saveFile(`sheepop-${new Date().toISOString().slice(0, 10)}.json`, archive(whole));
    notice(`${count(whole.length, "conversation")} exported, with all branches. The traces of tokens are large and stay here; ` +
           "the same seed gives them again.");
  }

  async import(file) {
    const {conversations, refused} = readArchive(await file.text());
    for (const conversation of conversations) {
      conversation.loaded = true;
      for (const message of conversation.messages.values()) await store.saveMessage(message);
      await store.saveConversation(conversation);
      this.conversations.push(conversation);
    }
    notice(`${count(conversations.length, "conversation")} imported from ${file.name}.` +
           (refused.length ? ` Not taken: ${count(refused.length, "thing")}.` : ""),
           {kind: refused.length ? "error" : "info", details: refused.slice(0, 200)});
    if (refused.length > 200) notice(`${refused.length - 200} more things were not taken.`, {kind: "error"});
    if (conversations.length) await this.open(conversations[0]);
  }

  // Settings.

  settingsChanged() {
    const changes = this.settings.changes();
    byId("changes").textContent = changes ? String(changes) : "";
    byId("changes").setAttribute("aria-label", changes ? `${count(changes, "change")}` : "");
    store.remember(kLast, JSON.stringify({...this.current.settings, seed: "", system: ""}));
    if (this.current.messages.size || changes) store.saveConversation(this.current);
  }

  showModel() {
    const {settings} = this.current, known = this.models.some(({id}) => id === settings.model);
    if (this.models.length && !known) {
      if (settings.model) notice(`This server does not have the model ${settings.model}; ${this.models[0].id} is used.`);
      settings.model = this.models[0].id;
    }
    byId("model").value = settings.model;
    this.advise();
    this.settingsChanged();
  }

  advise() {
    this.settings.advise(this.models.find(({id}) => id === this.current.settings.model)?.sheepop?.advised);
  }

  // What the server did not accept: a setting, or the key.
  refused(problem) {
    if (problem.status === 401) {
      this.askForKey(problem.text);
    } else {
      this.openPanel("settings");
      this.settings.focus(problem.setting);
    }
  }

  async askForKey(reason) {
    if (document.querySelector("dialog[open]")) return;
    const field = make("input", {type: "password", id: "key", autocomplete: "off", autofocus: true});
    field.value = key();
    field.addEventListener("keydown", event => {
      if (event.key === "Enter") field.closest("dialog").close("Use it");
    });
    const body = make("div", {}, make("p", {}, reason || "Servers that are not for everybody want a key."),
      make("p", {}, make("label", {for: "key"}, "Key"), field),
      make("p", {class: "soft"}, "It is kept until this tab is closed, and sent to this server only."));
    if (await ask("The server's key", body, ["Use it", "Cancel"]) !== "Use it") return;
    setKey(field.value.trim());
    await this.connect();
  }

  showTheme() {
    const theme = store.recall(kTheme);
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    byId("theme").textContent = kThemes[theme];
  }

  nextTheme() {
    const names = Object.keys(kThemes), at = names.indexOf(store.recall(kTheme));
    store.remember(kTheme, names[(at + 1) % names.length]);
    this.showTheme();
  }

  // Views and panels.

  showView(name) {
    document.body.dataset.view = name;
    byId("chat-tab").setAttribute("aria-current", String(name === "chat"));
    byId("training-tab").setAttribute("aria-current", String(name === "training"));
    byId("chat").hidden = name !== "chat";
    byId("training").hidden = name !== "training";
    if (name === "training") {
      this.closePanel();
      this.follow.show();
    } else {
      this.follow.hide();
    }
  }

  openPanel(name, from = document.activeElement) {
    this.opener = from;
    byId("panel").hidden = false;
    byId("panel-title").textContent = name === "why" ? "Why this token" : "Settings";
    byId("why").hidden = name !== "why";
    byId("settings").hidden = name !== "settings";
    byId("settings-open").setAttribute("aria-expanded", String(name === "settings"));
    byId("panel-title").focus();
  }

  closePanel() {
    if (byId("panel").hidden) return false;
    byId("panel").hidden = true;
    byId("settings-open").setAttribute("aria-expanded", "false");
    for (const shown of document.querySelectorAll(".token.shown")) shown.classList.remove("shown");
    (this.opener?.isConnected && this.opener.tabIndex >= 0 ? this.opener : byId("text")).focus();
    return true;
  }

  listing(on) {
    document.body.classList.toggle("listing", on);
    byId("list-open").setAttribute("aria-expanded", String(on));
    if (on) byId("list").querySelector("button")?.focus();
    else byId("list-open").focus();
  }

  // The composer.

  composerChanged() {
    const text = byId("text");
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight * 0.4)}px`;
    if (this.current) store.remember(kDraft + this.current.id, text.value);
    if (this.current && text.value && !this.current.messages.size) store.saveConversation(this.current);
    this.runningChanged();
  }

  runningChanged() {
    const busy = !!this.current && !!runningIn(this.current);
    byId("stop").hidden = !busy;
    byId("send").hidden = busy;
    byId("send").disabled = this.files?.reading > 0 || (!byId("text").value.trim() && !this.files?.taken.length);
  }

  async send() {
    if (byId("send").disabled || runningIn(this.current)) return;
    const text = byId("text").value;
    byId("text").value = "";
    const files = this.files.take();
    this.composerChanged();
    await this.chat.send(text, files);
  }

  wire() {
    const on = (id, act) => byId(id).addEventListener("click", act);
    on("new-chat", () => { this.fresh("chat"); byId("text").focus(); });
    on("new-text", () => { this.fresh("text"); byId("text").focus(); });
    on("export", () => this.export());
    on("import", () => byId("archive").click());
    on("theme", () => this.nextTheme());
    on("key-open", () => this.askForKey(""));
    on("shortcuts-open", () => byId("shortcuts").showModal());
    on("shortcuts-close", () => byId("shortcuts").close());
    on("settings-open", () => {
      if (byId("settings-open").getAttribute("aria-expanded") === "true") this.closePanel();
      else this.openPanel("settings");
    });
    on("panel-close", () => this.closePanel());
    on("list-open", () => this.listing(true));
    on("list-close", () => this.listing(false));
    on("chat-tab", () => this.showView("chat"));
    on("training-tab", () => this.showView("training"));
    on("stop", () => this.chat.stop());
    byId("archive").addEventListener("change", async () => {
      const [file] = byId("archive").files;
      byId("archive").value = "";
      if (file) await this.import(file);
    });
    byId("model").addEventListener("change", () => {
      this.current.settings.model = byId("model").value;
      this.advise();
      this.settingsChanged();
    });
    byId("composer").addEventListener("submit", event => { event.preventDefault(); this.send(); });
    byId("text").addEventListener("input", () => this.composerChanged());
    byId("text").addEventListener("keydown", event => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    addEventListener("keydown", event => this.onKey(event));
  }

  onKey(event) {
    if (document.querySelector("dialog[open]")) return;
    const typing = /^(TEXTAREA|INPUT|SELECT)$/.test(document.activeElement?.tagName);
    if (event.key === "Escape") {
      if (document.body.classList.contains("listing")) this.listing(false);
      else if (!this.closePanel()) this.chat.stop();
    } else if (event.altKey && !event.ctrlKey && event.key === "n") {
      this.fresh("chat");
      byId("text").focus();
    } else if (event.altKey && !event.ctrlKey && event.key === "s") {
      byId("settings-open").click();
    } else if (event.altKey && !event.ctrlKey && event.key === "r") {
      const last = this.current.leaf();
      if (last?.role === "assistant") this.chat.regenerate(last);
    } else if (!typing && event.key === "/") {
      byId("text").focus();
    } else if (!typing && event.key === "?") {
      byId("shortcuts").showModal();
    } else if (event.target === byId("text") && event.key === "ArrowUp" && !byId("text").value) {
      const edits = [...document.querySelectorAll(".message.user .actions button")];
      edits.findLast(each => each.textContent === "Edit")?.click();
    } else {
      return;
    }
    event.preventDefault();
  }
}

new App().start();
