// The agent of HTTP that keeps connections to the warehouse open.
const https = require("node:https");

const keepAlive = new https.Agent({ keepAlive: true, maxSockets: 20 });

exports.agent = {
  get: (path) =>
    new Promise((resolve, reject) => {
      const options = { host: "warehouse.larkspur.example", path, agent: keepAlive };
      https.get(options, (answer) => {
        let text = "";
        answer.on("data", (part) => (text += part));
        answer.on("end", () => resolve(JSON.parse(text)));
      }).on("error", reject);
    }),
};
