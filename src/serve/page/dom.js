// Elements made by calls, never from markup: text of models and files stays text.

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const make = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

export const makeSvg = (tag, properties = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);

export const byId = id => document.getElementById(id);

export const button = (label, onclick, properties = {}) =>
  make("button", {type: "button", onclick, ...properties}, label);

export const percent = value => `${(100 * value).toFixed(value >= 0.1 || value === 0 ? 1 : value >= 0.001 ? 2 : 4)} %`;

export const count = (number, one, many = `${one}s`) =>
  `${Number(number).toLocaleString("en")} ${Number(number) === 1 ? one : many}`;

// 96 random bits; crypto.randomUUID is not there on plain http.
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea", {class: "unseen"});  // plain http has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not let the page copy");
}

export function saveFile(name, text) {
  const link = make("a", {href: URL.createObjectURL(new Blob([text], {type: "application/json"})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What screen readers are told, sentence by sentence: an answer that grows is not read again from its beginning.
let pending = "";

export function announce(text) {
  byId("live").append(make("p", {}, text));
  while (byId("live").childElementCount > 50) byId("live").firstElementChild.remove();
}

export function announceGrowth(text) {
  pending += text;
  const end = Math.max(...[". ", "! ", "? ", "\n"].map(mark => pending.lastIndexOf(mark)));
  if (end < 0) return;
  const sentences = pending.slice(0, end + 1).trim();
  pending = pending.slice(end + 1);
  if (sentences) announce(sentences);
}

export function announceRest() {
  if (pending.trim()) announce(pending.trim());
  pending = "";
}

// A message above the conversation, until it is put away. `actions`: {label: function}.
export function notice(text, {kind = "info", actions = {}, details = []} = {}) {
  const box = make("div", {class: `notice ${kind}`}, make("p", {}, text),
    details.length ? make("ul", {}, ...details.map(line => make("li", {}, line))) : null);
  const row = make("div", {class: "row"});
  for (const [label, act] of Object.entries(actions)) row.append(button(label, () => { box.remove(); act(); }));
  row.append(button("Dismiss", () => box.remove()));
  box.append(row);
  byId("notices").append(box);
  return box;
}

// A question in a modal dialog; what it resolves to is the label of the button, "" when it was left.
export function ask(title, body, labels) {
  const dialog = make("dialog", {class: "ask", "aria-labelledby": "ask-title"}, make("h2", {id: "ask-title"}, title), body);
  return new Promise(resolve => {
    const row = make("div", {class: "row end"});
    labels.forEach((label, i) => row.append(button(label, () => dialog.close(label), i ? {} : {class: "primary"})));
    dialog.append(row);
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
