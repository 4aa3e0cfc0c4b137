import express from "express";

import { Agent } from "./agent.js";

// The agent of an author, not of a model.
const agent = new Agent({ name: "Curtis", tools: ["telephone"] });

const app = express();
app.get("/books", (request, response) => response.json(agent.books));
app.post("/books", (request, response) => response.json(agent.run(request.body)));
app.listen(3000);
