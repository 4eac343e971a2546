// The settings of a conversation, drawn from the server's own table.

import {button, byId, make} from "./dom.js";
import {optionValue} from "./requests.js";

const shown = number => Math.abs(number) < 1e15 ? number.toLocaleString("en", {maximumFractionDigits: 9}) : String(number);

function boundsText({low, high}) {
  if (low == null) return high == null ? "" : `at most ${shown(high)}`;
  return high == null ? `at least ${shown(low)}` : `${shown(low)} to ${shown(high)}`;
}

function defaultText(option) {
  const value = option.default;
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(each => typeof each === "string" ? each : JSON.stringify(each)).join("\n");
  return String(value);
}

function control(option, id) {
  if (option.shape === "switch" || option.choices?.length) {
    const names = option.shape === "switch" ? ["true", "false"] : option.choices.map(String);
    const word = name => option.shape === "switch" ? {true: "on", false: "off"}[name] : name;
    return make("select", {id}, make("option", {value: ""}), ...names.map(name => make("option", {value: name}, word(name))));
  }
  if (option.shape === "list") {
    return make("textarea", {id, rows: "2", spellcheck: "false"});
  }
  if (option.long) return make("textarea", {id, rows: "4", spellcheck: "false"});
  return make("input", {id, type: "text", inputmode: option.shape === "number" ? "decimal" : null,
                        autocomplete: "off", spellcheck: "false"});
}

// What an empty field stands for.
function showStandard(field, option, standard) {
  if (field.tagName === "SELECT") {
    const word = option.shape === "switch" ? {true: "on", false: "off"}[standard] : standard;
    field.options[0].textContent = word ? `${word} (as it is)` : "as it is";
  } else if (!option.long) {
    field.placeholder = standard || (option.shape === "list" ? "one a line" : "");
  }
}

export class Settings {
  // `changed` is called after each change of the settings that are shown.
  constructor(changed) {
    this.changed = changed;
    this.options = [];
    this.rows = new Map();
    for (const [id, name] of [["system", "system"], ["max-tokens", "maxTokens"], ["seed", "seed"]]) {
      byId(id).addEventListener("input", () => this.set(name, byId(id).value));
    }
    byId("find").addEventListener("input", () => this.filter());
    byId("explain").addEventListener("change", () => this.set("explain", byId("explain").checked));
    byId("settings-reset").addEventListener("click", () => {
      this.settings.options = {};
      this.show(this.settings);
      this.changed();
    });
  }

  set(name, value) {
    this.settings[name] = value;
    this.changed();
  }

  draw(groups) {
    this.options = groups.flatMap(group => group.options);
    this.rows.clear();
    byId("options").replaceChildren(...groups.map((group, i) => make("details", {class: "group", open: i === 0},
      make("summary", {}, group.title),
      ...group.options.filter(option => option.name !== "seed").map(option => this.row(option)))));
    this.advise(this.advice);
    if (this.settings) this.show(this.settings);
    this.filter();
  }

  // How the makers of the model that is chosen draw from it: {source, options}, or null.
  advise(advice) {
    this.advice = advice;
    for (const [name, row] of this.rows) row.advise(advice?.options[name], advice?.source);
  }

  filter() {
    const words = byId("find").value.toLowerCase().split(/\s+/);
    for (const row of byId("options").querySelectorAll(".option")) {
      row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
    }
  }

  row(option) {
    const id = `option-${option.name}`, field = control(option, id);
    const facts = [option.unit, option.shape === "number" ? boundsText(option) : ""].filter(Boolean).join(", ");
    const fault = make("p", {class: "fault", id: `${id}-fault`, hidden: true});
    const putBack = () => { field.value = ""; take(); field.focus(); };
    const reset = button("Put back", putBack, {"aria-label": `Put back ${option.name}`});
    const take = () => {
      if (field.value === "") delete this.settings.options[option.name];
      else this.settings.options[option.name] = field.value;
      check();
      this.changed();
    };
    const check = () => {
      const typed = this.settings.options[option.name];
      reset.hidden = typed === undefined;
      let problem = "";
      try {
        if (typed !== undefined) optionValue(option, typed);
      } catch (error) {
        problem = error.message;
      }
      fault.hidden = !problem;
      fault.textContent = problem;
      field.setAttribute("aria-invalid", String(!!problem));
    };
    field.setAttribute("aria-describedby", `${id}-help ${id}-fault`);
    field.addEventListener("input", take);
    const advice = make("p", {class: "soft advice", hidden: true});
    const advise = (value, source) => {
      const standard = defaultText(value === undefined ? option : {default: value});
      showStandard(field, option, standard);
      advice.hidden = value === undefined;
      advice.textContent = value === undefined ? "" : `${standard}, where nothing stands here: advised by ${source}.`;
    };
    this.rows.set(option.name, {field, check, advise});
    return make("div", {class: "option"}, make("div", {class: "head"}, make("label", {for: id}, option.name), reset),
      field, fault, advice, make("p", {class: "soft", id: `${id}-help`}, option.help + (facts ? ` (${facts})` : "")));
  }

  show(settings) {
    this.settings = settings;
    byId("system").value = settings.system;
    byId("max-tokens").value = settings.maxTokens;
    byId("seed").value = settings.seed;
    byId("explain").checked = settings.explain;
    for (const [name, {field, check}] of this.rows) {
      field.value = settings.options[name] ?? "";
      check();
    }
    this.showStray();
  }

  // Settings that came with an import or from another server, and that this one does not have.
  showStray() {
    const stray = Object.keys(this.settings.options).filter(name => this.options.length && !this.rows.has(name));
    byId("stray").replaceChildren(...stray.map(name => make("p", {class: "fault"}, `This server has no setting ${name}. `,
      button("Put back", () => { delete this.settings.options[name]; this.showStray(); this.changed(); }))));
  }

  changes() {
    const {options, system, maxTokens, seed} = this.settings;
    return Object.keys(options).length + [system.trim(), maxTokens, seed].filter(Boolean).length;
  }

  focus(name) {
    const field = byId(name) || this.rows.get(name)?.field || byId("stray").querySelector("button");
    field?.closest("details")?.setAttribute("open", "");
    field?.focus();
  }
}
