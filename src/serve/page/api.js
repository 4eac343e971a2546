// What the server is asked: JSON, and streams of server-sent events read from fetch, which alone can POST and stop.

export class ApiError extends Error {
  constructor(message, {status = 0, code = "", param = "", retryAfter = ""} = {}) {
    super(message);
    Object.assign(this, {status, code, param, retryAfter});
  }
}

const kKey = "sheepop.key";
export const key = () => sessionStorage.getItem(kKey) || "";
export const setKey = value => value ? sessionStorage.setItem(kKey, value) : sessionStorage.removeItem(kKey);

// Seeds have 64 bits, JavaScript's numbers 53: where the browser shows a number's source, a larger one stays as it is.
const exact = (name, value, context) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context ? context.source : value;

const parse = text => JSON.parse(text, exact);

function problem(response, text) {
  let message = text.trim() || response.statusText, found = {};
  try {
    found = parse(text).error || {};
    if (typeof found === "string") found = {message: found};
    message = found.message || message;
  } catch {
    // Not JSON: a proxy's page; its beginning is all there is to say.
    message = message.slice(0, 300);
  }
  const retryAfter = response.headers.get("Retry-After") || "";
  return new ApiError(message || `the server answered ${response.status}`,
                      {status: response.status, code: found.code || "", param: found.param || "", retryAfter});
}

async function send(path, options = {}) {
  const headers = new Headers(options.headers);
  if (key()) headers.set("Authorization", `Bearer ${key()}`);
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), {...options, headers, cache: "no-store"});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached.", {code: "unreachable"});
  }
  if (!response.ok) throw problem(response, await response.text());
  return response;
}

export const getJson = async path => parse(await (await send(path)).text());

export const postFile = async (path, file) =>
  parse(await (await send(path, {method: "POST", body: file, headers: {"Content-Type": "application/octet-stream"}})).text());

// The data of each event in what arrives (WHATWG HTML, 9.2.6); what is left belongs to the next call.
export class EventReader {
  #rest = "";
  #data = [];

  *push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length) yield this.#data.join("\n");
        this.#data = [];
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
    }
  }
}

// Calls `onChunk` for each chunk. Throws ApiError for an error event. True when the stream ended as it should.
export async function stream(path, body, signal, onChunk) {
  const response = await send(path, {method: "POST", body, signal, headers: {"Content-Type": "application/json"}});
  const bytes = response.body.getReader(), text = new TextDecoder(), events = new EventReader();
  let whole = false;
  for (;;) {
    let part;
    try {
      part = await bytes.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError("The connection was cut.", {code: "cut"});
    }
    if (part.done) return whole;
    for (const data of events.push(text.decode(part.value, {stream: true}))) {
      if (data.trim() === "[DONE]") {
        whole = true;
        continue;
      }
      const chunk = parse(data);
      if (chunk.error) throw new ApiError(chunk.error.message || String(chunk.error), chunk.error);
      onChunk(chunk);
    }
  }
}

// JSON of a request. The seed is written as it was typed: a number of JavaScript would round it.
export function bodyText(fields, seed) {
  const text = JSON.stringify(fields);
  return seed ? `${text.slice(0, -1)},"seed":${seed}}` : text;
}
