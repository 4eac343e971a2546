// What is asked for, made of a conversation and its settings. Only settings that were changed are sent.

export class SettingError extends Error {
  constructor(name, message) {
    super(message);
    this.setting = name;
  }
}

export const newSettings = () => ({model: "", system: "", maxTokens: "", seed: "", explain: true, options: {}});

// The value of what was typed for an option of the server's table. Throws SettingError.
export function optionValue(option, typed) {
  if (option.shape === "switch") return typed === "true";
  if (option.shape === "list") return typed.split("\n").filter(line => line !== "");
  if (option.shape !== "number") return typed;
  const value = Number(typed);
  const low = option.low ?? -Infinity, high = option.high ?? Infinity;
  if (typed.trim() === "" || !Number.isFinite(value) || value < low || value > high) {
    const bounds = high === Infinity ? `at least ${low}` : low === -Infinity ? `at most ${high}` : `${low} to ${high}`;
    throw new SettingError(option.name, `${option.name} is “${typed}”; it must be a number` +
      (low === -Infinity && high === Infinity ? "." : `, ${bounds}.`));
  }
  return value;
}

function settingFields(settings, options) {
  const fields = {};
  for (const [name, typed] of Object.entries(settings.options)) {
    const option = options.find(each => each.name === name);
    if (!option) throw new SettingError(name, `This server has no setting ${name}; put it back to go on.`);
    fields[name] = optionValue(option, typed);
  }
  if (settings.model) fields.model = settings.model;
  if (settings.maxTokens) {
    if (!/^[1-9]\d*$/.test(settings.maxTokens)) {
      throw new SettingError("max-tokens", `The length is “${settings.maxTokens}”; it must be a whole number, at least 1.`);
    }
    fields.max_tokens = Number(settings.maxTokens);
  }
  if (settings.seed && !/^\d+$/.test(settings.seed)) {
    throw new SettingError("seed", `The seed is “${settings.seed}”; it must be a whole number, at least 0.`);
  }
  return fields;
}

// What the model reads of a message: its files, then its words.
export function contentOf(message) {
  const files = (message.files || []).map(file => `File ${file.name}:\n\n${file.text}`);
  return [...files, message.text].filter(Boolean).join("\n\n");
}

// Answers that never came have nothing to say; what a person wrote before and after one is then one message.
function turns(path) {
  const found = [];
  for (const message of path) {
    const content = contentOf(message);
    if (!content) continue;
    const last = found.at(-1);
    if (last && last.role === message.role) last.content += `\n\n${content}`;
    else found.push({role: message.role, content});
  }
  return found;
}

// {path, fields}: the request that writes `message`, or goes on with the text it has.
export function requestFor(conversation, message, options) {
  const settings = conversation.settings, before = conversation.before(message);
  const fields = {...settingFields(settings, options), stream: true, stream_options: {include_usage: true},
                  return_progress: true};
  if (settings.explain) fields.explain = true;
  if (conversation.kind === "text") {
    fields.prompt = [...before, message].map(contentOf).join("");
    return {path: "v1/completions", fields};
  }
  fields.messages = turns(before);
  if (settings.system.trim()) fields.messages.unshift({role: "system", content: settings.system});
  if (message.text) {
    fields.messages.push({role: "assistant", content: message.text});
    Object.assign(fields, {continue_final_message: true, add_generation_prompt: false});
  }
  return {path: "v1/chat/completions", fields};
}

// A call as text: its name, then its arguments as they come.
const callText = call => (call.function?.name ? `\n${call.function.name} ` : "") + (call.function?.arguments ?? "");

// What a chunk of either API brings: text, tokens, how it ended, what the server says of its work.
export function readChunk(chunk) {
  const choice = chunk.choices?.[0], {progress, ...ledger} = chunk.sheepop || {};
  return {
    text: (choice?.delta?.content ?? choice?.text ?? "") + (choice?.delta?.tool_calls || []).map(callText).join(""),
    reasoning: choice?.delta?.reasoning_content ?? "",
    traces: choice?.sheepop?.tokens || [],  // as of `sheepop explain --json`, with the bytes of the token that show
    finish: choice?.finish_reason || "",
    progress,
    ledger: Object.keys(ledger).length ? ledger : null,
    usage: chunk.usage || null,
  };
}
