// Conversations in the browser's own database. A message is saved by itself, so that an answer that grows costs its own
// length; where its tokens stand, and their traces, which are large and rarely looked at, are records of their own.

const kStores = ["conversations", "messages", "tokens", "traces"];
const kUnsaved = "sheepop.unsaved.";
let database = null;
const memory = Object.fromEntries(kStores.map(name => [name, new Map()]));
let failed = () => {};

const result = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// False where the browser keeps nothing. `onFailure` is told of each write that was refused.
export async function open(onFailure) {
  failed = onFailure;
  try {
    const request = indexedDB.open("sheepop", 1);
    request.onupgradeneeded = () => {
      for (const name of kStores) {
        const made = request.result.createObjectStore(name, {keyPath: "id"});
        if (name !== "conversations") made.createIndex("conversation", "conversation");
      }
    };
    database = await result(request);
    database.onversionchange = () => database.close();
  } catch {
    return false;
  }
  await takeUnsaved();
  return true;
}

async function put(name, record) {
  memory[name].set(record.id, record);
  if (!database) return;
  try {
    await result(database.transaction(name, "readwrite").objectStore(name).put(record));
    memory[name].delete(record.id);
  } catch (error) {
    failed(error);  // and the record stays in memory, where reading finds it
  }
}

async function get(name, id) {
  return memory[name].get(id) || (database && await result(database.transaction(name).objectStore(name).get(id)));
}

async function all(name, conversation) {
  const found = new Map();
  if (database) {
    const store = database.transaction(name).objectStore(name);
    const source = conversation ? store.index("conversation").getAll(conversation) : store.getAll();
    for (const record of await result(source)) found.set(record.id, record);
  }
  for (const record of memory[name].values()) {
    if (!conversation || record.conversation === conversation) found.set(record.id, record);
  }
  return [...found.values()];
}

const kMessageFields = ["id", "conversation", "parent", "role", "text", "reasoning", "created", "status", "finish", "error",
                        "model", "ledgers", "files"];
const kConversationFields = ["id", "title", "named", "created", "changed", "kind", "settings", "selected"];
const only = (record, fields) => Object.fromEntries(fields.filter(name => record[name] !== undefined)
                                                          .map(name => [name, record[name]]));

export const allConversations = async () => (await all("conversations")).sort((a, b) => b.changed - a.changed);
export const messagesOf = async id => (await all("messages", id)).sort((a, b) => a.created - b.created);
export const message = id => get("messages", id);
export const saveConversation = record => put("conversations", only(record, kConversationFields));
export const saveMessage = record => put("messages", only(record, kMessageFields));
export const tokensOf = async id => (await get("tokens", id))?.list || [];
export const tracesOf = async id => (await get("traces", id))?.list || [];

export async function saveTokens({id, conversation, tokens, traces}) {
  await put("tokens", {id, conversation, list: tokens});
  if (traces) await put("traces", {id, conversation, list: traces});
}

export async function removeConversation(id) {
  for (const name of kStores) {
    const ids = name === "conversations" ? [id] : (await all(name, id)).map(record => record.id);
    for (const each of ids) {
      memory[name].delete(each);
      if (database) await result(database.transaction(name, "readwrite").objectStore(name).delete(each));
    }
  }
}

// When the page goes away there is no time for the database, which answers later: what it may miss is put where writing
// is done at once, and taken over at the next start.
export const saveAtOnce = message => remember(kUnsaved + message.id, JSON.stringify(only(message, kMessageFields)));

async function takeUnsaved() {
  for (const key of Object.keys(localStorage).filter(name => name.startsWith(kUnsaved))) {
    const record = JSON.parse(recall(key)), known = await get("messages", record.id);
    if (known && known.text.length < record.text.length) await put("messages", record);
    remember(key, "");
  }
}

// Small things, by name: themes, drafts. Some browsers refuse even those; nothing hangs on them.
export function remember(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    return;
  }
}

export function recall(name) {
  try {
    return localStorage.getItem(name) || "";
  } catch {
    return "";
  }
}
