// Reads an Adaptive Card as Microsoft's reader does: node card.js READER VERSION, with the card on the input.
// Ends with 1, and says why, if the reader does not know something in it or loses any of it. It reads no network.

"use strict";

const [reader, version] = process.argv.slice(2);
const cards = require(reader);
const card = JSON.parse(require("fs").readFileSync(0, "utf8"));
const faults = [];

const context = new cards.SerializationContext(cards.Version.parse(version, new cards.SerializationContext()));
const parsed = new cards.AdaptiveCard();
parsed.parse(card, context);
for (let at = 0; at < context.eventCount; at += 1) {
    faults.push(context.getEventAt(at).message);
}
for (const event of parsed.validateProperties().validationEvents) {
    faults.push(event.message);
}

// What the reader writes again is what it understood; it leaves out what is as by default.
const texts = (value) =>
    value === null || typeof value !== "object"
        ? []
        : Object.entries(value).flatMap(([key, inner]) =>
              ["text", "url", "title", "fallbackText"].includes(key) && typeof inner === "string" ? [inner] : texts(inner),
          );
const [given, understood] = [texts(card), texts(parsed.toJSON())].map((all) => all.sort().join("\u0000"));
if (given !== understood) {
    faults.push("the reader understood other texts than were written");
}
for (const fault of faults) {
    console.error(fault);
}
process.exit(faults.length === 0 ? 0 : 1);
