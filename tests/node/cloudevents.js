// Reads deliveries on standard input, [{headers, body}], as CloudEvents; prints their attributes and data, or the fault.

const { readFileSync } = require("node:fs");
const { HTTP } = require("cloudevents");

function read({ headers, body }) {
  try {
    const event = HTTP.toEvent({ headers, body });
    event.validate();
    return event.toJSON();
  } catch (error) {
    return { fault: error.message };
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
