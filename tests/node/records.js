// Reads Kafka's records on standard input, [{key, value, headers}], as CloudEvents; prints them, or the fault.

const { readFileSync } = require("node:fs");
const { Kafka } = require("cloudevents");

function read(record) {
  try {
    const event = Kafka.toEvent({ ...record, body: record.value });
    event.validate();
    return event.toJSON();
  } catch (error) {
    return { fault: error.message };
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
