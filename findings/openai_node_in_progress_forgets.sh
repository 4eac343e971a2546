#!/usr/bin/env bash
# openai for Node 6.49.0: in a stream of the Responses API, a second `response.in_progress` makes the helper
# `client.responses.stream` forget the items that it has been told of.
#
# A server that is busy with a long prompt wants to say that it is alive, and an event that repeats the state seems made for
# that. The helper takes the response of each such event in place of what it has put together; the next text delta then
# has no item to go to, and raises "missing output at index 0". Deltas without text are safe.
#
# Needs node 20 or later and npm. Passes while the behaviour is as described; seen with Node 20.20 on Debian 12.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit openai@6.49.0 >/dev/null
cat >probe.mjs <<'PROBE'
import http from "node:http";
import OpenAI from "openai";

const response = {id: "resp_1", object: "response", created_at: 1, status: "in_progress", model: "m", output: [], tools: [],
                  parallel_tool_calls: true, tool_choice: "auto", error: null, incomplete_details: null, instructions: null,
                  metadata: {}, temperature: 1, top_p: 1};
const at = {item_id: "msg_1", output_index: 0, content_index: 0};
const begin = [
  {type: "response.created", response}, {type: "response.in_progress", response},
  {type: "response.output_item.added", output_index: 0,
   item: {id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: []}},
  {type: "response.content_part.added", ...at, part: {type: "output_text", text: "", annotations: []}},
  {type: "response.output_text.delta", ...at, delta: "Hello", logprobs: []}];
const repeated = {type: "response.in_progress", response};
const nothing = {type: "response.output_text.delta", ...at, delta: "", logprobs: []};
const end = [{type: "response.output_text.delta", ...at, delta: " world", logprobs: []}];

async function hear(events) {
  const server = http.createServer((request, answer) => {
    answer.writeHead(200, {"content-type": "text/event-stream"});
    events.forEach((event, i) => answer.write(
      `event: ${event.type}\ndata: ${JSON.stringify({...event, sequence_number: i})}\n\n`));
    answer.end();
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  const client = new OpenAI({baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "none", maxRetries: 0});
  let text = "", fault = "";
  try {
    for await (const event of client.responses.stream({model: "m", input: "x"})) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
  } catch (error) {
    fault = error.message;
  }
  server.close();
  return [text, fault];
}

console.log(JSON.stringify({repeated: await hear([...begin, repeated, ...end]), nothing: (await hear([...begin, nothing, ...end]))[0]}));
process.exit(0);
PROBE
seen=$(node probe.mjs)
expected='{"repeated":["Hello","missing output at index 0"],"nothing":"Hello world"}'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "expected $expected" >&2; exit 1; }
