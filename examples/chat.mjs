// A conversation with `sheepop serve`, written as it comes. Node 18 or later, no packages.
//
//   sheepop serve &
//   node chat.mjs "Tell me of a sheep." [http://127.0.0.1:8080]
const [question, server = "http://127.0.0.1:8080"] = process.argv.slice(2);
if (!question) {
  console.error("usage: node chat.mjs QUESTION [SERVER]");
  process.exit(2);
}

const response = await fetch(`${server}/v1/chat/completions`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({
    messages: [{ role: "user", content: question }],
    max_tokens: 60,
    seed: 1,
    stream: true,
    stream_options: { include_usage: true },
  }),
});
if (!response.ok) {
  console.error(`chat: ${(await response.json()).error.message}`);
  process.exit(1);
}

// Events end with an empty line; one that says what went wrong is the last.
let text = "", waiting = "";
for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
  waiting += bytes;
  const events = waiting.split("\n\n");
  waiting = events.pop();
  for (const event of events) {
    const data = event.replace(/^data: /, "");
    if (!event.startsWith("data: ") || data === "[DONE]") continue;
    const { choices, usage, error } = JSON.parse(data);
    if (error) {
      console.error(`\nchat: ${error.message}`);
      process.exit(1);
    }
    const piece = choices?.[0]?.delta?.content ?? "";
    process.stdout.write(piece);
    text += piece;
    if (usage) console.log(`\n(${usage.prompt_tokens} tokens read, ${usage.completion_tokens} written)`);
  }
}
