// Verifies deliveries on standard input, [{secret, headers, body}], as a receiver does; prints what was wrong with each.

const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

function fault({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(body, headers);
    return null;
  } catch (error) {
    return error.message;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(fault)));
