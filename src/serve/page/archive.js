// Conversations as a JSON file. What is read is checked piece by piece, and what cannot be taken is named.

import {newId} from "./dom.js";
import {newSettings} from "./requests.js";
import {Conversation} from "./tree.js";

const kFormat = "sheepop conversations";
const kMessage = ["parent", "role", "text", "reasoning", "created", "status", "finish", "error", "model", "ledgers", "files"];

export function archive(conversations) {
  const part = conversation => {
    const {id, title, named, created, changed, kind, settings, selected} = conversation;
    const messages = [...conversation.messages.values()].map(message =>
      Object.fromEntries(["id", ...kMessage].filter(name => message[name] !== undefined).map(name => [name, message[name]])));
    return {id, title, named, created, changed, kind, settings, selected, messages};
  };
  return JSON.stringify({format: kFormat, version: 1, exported: new Date().toISOString(),
                         conversations: conversations.map(part)}, null, 1);
}

const isObject = value => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = value => typeof value === "string";
const isTime = value => Number.isFinite(value) && value > 0 && value < 8.64e15;
const isFile = file => isObject(file) && isText(file.name) && isText(file.text);

function readSettings(given, where, refused) {
  const settings = newSettings();
  if (given === undefined) return settings;
  if (!isObject(given)) {
    refused.push(`${where}: its settings are not an object`);
    return settings;
  }
  for (const [name, value] of Object.entries(given)) {
    if (name === "options" && isObject(value)) {
      for (const [option, typed] of Object.entries(value)) {
        if (isText(typed)) settings.options[option] = typed;
        else refused.push(`${where}: setting ${option} is no text`);
      }
    } else if (Object.hasOwn(settings, name) && typeof value === typeof settings[name] && name !== "options") {
      settings[name] = value;
    } else {
      refused.push(`${where}: setting ${name} is unknown or of the wrong kind`);
    }
  }
  return settings;
}

function messageFault(given) {
  if (!isObject(given)) return "is not an object";
  if (!isText(given.id) || !given.id) return "has no id";
  if (given.role !== "user" && given.role !== "assistant") {
    return `has the role ${JSON.stringify(given.role)}; user and assistant are known`;
  }
  if (!isText(given.text)) return "has no text";
  if (!isText(given.parent)) return "names no parent (\"\" for the first)";
  return "";
}

const kOptional = {
  status: value => ["done", "stopped", "cut", "left", "error", "writing"].includes(value), finish: isText,
  model: isText, reasoning: isText,
  error: value => value === null || (isObject(value) && isText(value.text)),
  ledgers: value => Array.isArray(value) && value.every(isObject), files: value => Array.isArray(value) && value.every(isFile),
};

function readMessage(given, conversation, where, refused) {
  const message = {id: newId(), conversation, role: given.role, text: given.text, status: "done"};
  if (isTime(given.created)) message.created = given.created;
  for (const [name, good] of Object.entries(kOptional)) {
    if (given[name] === undefined) continue;
    if (good(given[name])) message[name] = given[name];
    else refused.push(`${where}: its ${name} is malformed`);
  }
  if (message.status === "writing") message.status = "left";
  if (message.status === "error" && !message.error) message.status = "stopped";
  for (const name of Object.keys(given)) {
    if (name !== "id" && !kMessage.includes(name)) refused.push(`${where}: its field ${name} is unknown`);
  }
  return message;
}

function readConversation(given, where, refused) {
  if (!isObject(given) || !Array.isArray(given.messages)) {
    refused.push(`${where} is no object with messages`);
    return null;
  }
  if (given.kind !== undefined && given.kind !== "chat" && given.kind !== "text") {
    refused.push(`${where} is of the unknown kind ${JSON.stringify(given.kind)}`);
    return null;
  }
  const conversation = Conversation.create(given.kind || "chat", readSettings(given.settings, where, refused));
  if (isText(given.title)) conversation.title = given.title;
  conversation.named = given.named === true;
  if (isTime(given.created)) conversation.created = given.created;

  // Parents first, whatever the order of the file; what hangs on nothing, or on itself, is never reached.
  const ids = new Map([["", ""]]), waiting = new Map();
  given.messages.forEach((message, i) => {
    const fault = messageFault(message);
    if (fault) return refused.push(`${where}: message ${i + 1} ${fault}`);
    if (!waiting.has(message.parent)) waiting.set(message.parent, []);
    return waiting.get(message.parent).push([message, i]);
  });
  const ready = [""];
  while (ready.length) {
    const parent = ready.shift(), children = waiting.get(parent) || [];
    waiting.delete(parent);
    for (const [message, i] of children) {
      if (ids.has(message.id)) {
        refused.push(`${where}: message ${i + 1} has an id that is taken`);
        continue;
      }
      const made = readMessage(message, conversation.id, `${where}, message ${i + 1}`, refused);
      made.parent = ids.get(parent);
      made.created ??= conversation.created + i;
      ids.set(message.id, made.id);
      conversation.messages.set(made.id, made);
      ready.push(message.id);
    }
  }
  for (const [, i] of [...waiting.values()].flat()) refused.push(`${where}: message ${i + 1} has a parent that is not there`);
  for (const [parent, child] of Object.entries(isObject(given.selected) ? given.selected : {})) {
    if (ids.has(parent) && ids.has(child)) conversation.selected[ids.get(parent)] = ids.get(child);
  }
  return conversation;
}

// {conversations, refused}: what could be read, under ids of its own, and a line for each thing that could not.
export function readArchive(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch (error) {
    return {conversations: [], refused: [`The file is no JSON: ${error.message}`]};
  }
  if (!isObject(file) || file.format !== kFormat || !Array.isArray(file.conversations)) {
    return {conversations: [], refused: [`The file is not one of this page: its format is not “${kFormat}”.`]};
  }
  if (file.version !== 1) return {conversations: [], refused: [`The file is of version ${file.version}; this page reads 1.`]};
  const refused = [];
  const conversations = file.conversations.map((given, i) => {
    const title = isObject(given) && isText(given.title) ? ` (${given.title.slice(0, 40)})` : "";
    return readConversation(given, `Conversation ${i + 1}${title}`, refused);
  });
  return {conversations: conversations.filter(Boolean), refused};
}
