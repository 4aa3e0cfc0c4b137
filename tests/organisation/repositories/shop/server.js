const express = require("express");
const { agent } = require("./agent");

const app = express();

app.get("/products/:id", async (request, response) => {
  response.json(await agent.get(`/products/${request.params.id}`));
});

app.listen(8080);
