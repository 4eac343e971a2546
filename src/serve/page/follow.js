// A model that is being trained: its loss as it falls, and two of its checkpoints side by side.

import {ApiError, bodyText, getJson, stream} from "./api.js";
import {byId, make, makeSvg, notice} from "./dom.js";
import {readChunk} from "./requests.js";

const kEvery = 2000;  // milliseconds
const kBox = {height: 280, left: 52, right: 12, top: 12, bottom: 38};

function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * power).find(each => each >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}

// `width`: pixels of the screen, so that letters keep their size.
function curveView(curve, width) {
  const losses = curve.flatMap(point => [point.loss, point.held_out]).filter(Number.isFinite);
  const low = Math.min(...losses), high = Math.max(...losses, low + 1e-6), last = Math.max(curve.at(-1).step, 1);
  const x = step => kBox.left + (width - kBox.left - kBox.right) * step / last;
  const y = loss => kBox.top + (kBox.height - kBox.top - kBox.bottom) * (high - loss) / (high - low);
  const line = (name, field) => {
    const points = curve.filter(point => Number.isFinite(point[field]));
    return points.length ? makeSvg("polyline", {class: name, fill: "none", points: points.map(point =>
      `${x(point.step).toFixed(1)},${y(point[field]).toFixed(1)}`).join(" ")}) : null;
  };
  const text = (at, words, properties) => makeSvg("text", {...at, ...properties}, words);
  return makeSvg("svg", {viewBox: `0 0 ${width} ${kBox.height}`, role: "img",
    "aria-label": "Loss against steps, of learned and of held-out text; the newest figures stand above"},
    ...ticks(low, high, 5).flatMap(loss => [
      makeSvg("line", {class: "grid", x1: kBox.left, x2: width - kBox.right, y1: y(loss), y2: y(loss)}),
      text({x: kBox.left - 8, y: y(loss) + 4}, String(loss), {"text-anchor": "end"})]),
    ...ticks(0, last, width / 120).map(step =>
      text({x: x(step), y: kBox.height - 18}, step.toLocaleString("en"), {"text-anchor": "middle"})),
    text({x: width - kBox.right, y: kBox.height - 3}, "steps", {"text-anchor": "end"}),
    line("learned", "loss"), line("held-out", "held_out"));
}

async function continuation(body, seed, signal, output) {
  output.replaceChildren();
  try {
    const whole = await stream("v1/completions", bodyText(body, seed), signal, chunk => output.append(readChunk(chunk).text));
    if (!whole) throw new ApiError("The connection ended before the text did.");
  } catch (error) {
    output.append(make("span", {class: "fault"}, error.name === "AbortError" ? " Stopped." : ` ${error.message}`));
  }
}

export class Follow {
  constructor() {
    this.model = "";
    this.timer = 0;
    byId("compare").addEventListener("submit", event => {
      event.preventDefault();
      this.compare();
    });
    byId("compare-stop").addEventListener("click", () => this.controller?.abort());
  }

  show() {
    clearInterval(this.timer);
    this.timer = setInterval(() => document.hidden || this.poll(), kEvery);
    return this.poll();
  }

  hide() {
    clearInterval(this.timer);
  }

  async poll() {
    try {
      const {model, curve = [], checkpoints = [], current = ""} = await getJson("follow");
      this.model = model;
      const newest = checkpoints.find(({name}) => name === current);
      const lastWith = field => curve.findLast(point => Number.isFinite(point[field]));
      const last = lastWith("loss"), held = lastWith("held_out");
      byId("curve").replaceChildren(last ? curveView(curve, Math.max(240, byId("curve").clientWidth - 32))
                                         : make("p", {}, "No step has been reported yet."));
      const words = [
        last && `Step ${last.step.toLocaleString("en")}: loss ${last.loss.toFixed(4)}.`,
        held && `On held-out text ${held.held_out.toFixed(4)}.`,
        newest ? `The newest checkpoint is of step ${newest.step.toLocaleString("en")}.` : "No checkpoint is there yet."];
      byId("curve-words").textContent = words.filter(Boolean).join(" ");
      this.offer(checkpoints);
      this.failure?.remove();
    } catch (error) {
      this.failure?.remove();
      this.failure = notice(`The training run cannot be read: ${error.message}`, {kind: "error"});
    }
  }

  offer(checkpoints) {
    const names = checkpoints.map(checkpoint => checkpoint.name).join("\n");
    if (names === this.names) return;
    this.names = names;
    for (const [id, fallback] of [["left", checkpoints[0]], ["right", checkpoints.at(-1)]]) {
      const select = byId(id), before = select.value;
      select.replaceChildren(...checkpoints.map(({name, step}) =>
        make("option", {value: name}, `step ${step.toLocaleString("en")}`)));
      select.value = checkpoints.some(({name}) => name === before) ? before : fallback?.name || "";
    }
  }

  async compare() {
    this.controller = new AbortController();
    byId("compare-stop").hidden = false;
    byId("compare-go").disabled = true;
    await Promise.all(["left", "right"].map(side => continuation(
      {model: `${this.model}:${byId(side).value}`, prompt: byId("compare-prompt").value, stream: true,
       max_tokens: Number(byId("compare-length").value) || 64},
      byId("compare-seed").value, this.controller.signal, byId(`${side}-text`))));
    byId("compare-stop").hidden = true;
    byId("compare-go").disabled = false;
  }
}
