// Runs the code of a guide as a reader would: {code, calls: [[secret, headers, body]]}; prints each event, or the fault.

const { readFileSync } = require("node:fs");

const { code, calls } = JSON.parse(readFileSync(0, "utf8"));
const eventOf = new Function("require", `${code}\nreturn eventOf;`)(require);

function outcome(call) {
  try {
    return { event: eventOf(...call) };
  } catch (error) {
    return { fault: error.message };
  }
}

console.log(JSON.stringify(calls.map(outcome)));
