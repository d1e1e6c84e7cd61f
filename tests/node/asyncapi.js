// Parses the AsyncAPI document on standard input; prints what the official parser has to say, and what it found.

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

async function main() {
  const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
  const said = diagnostics.map(({ code, severity, message, path }) => ({ code, severity, message, path: path.join("/") }));
  const channels = document ? document.channels().all().map((channel) => channel.id()) : [];
  const messages = document ? document.messages().all().length : 0;
  console.log(JSON.stringify({ said, channels, messages }));
}

main();
