// Parses the OpenAPI document on standard input, and prints whether it is valid.

const { readFileSync } = require("node:fs");
const { validate } = require("@readme/openapi-parser");

async function main() {
  const { valid, errors = [], warnings } = await validate(JSON.parse(readFileSync(0, "utf8")));
  console.log(JSON.stringify({ valid, errors, warnings }));
}

main();
