import express from "express";

import { answer } from "./answer";

const app = express();
app.use(express.json());

app.post("/questions", async (request, response) => {
  response.json({ answer: await answer(request.body.question) });
});

app.listen(8080);
