import { anthropic } from "@ai-sdk/anthropic";
import { ToolLoopAgent } from "ai";

import { cancelOrder, findOrder } from "./tools";

export const bot = new ToolLoopAgent({
  model: anthropic("claude-sonnet-4-5"),
  instructions: "You answer the customers of a shop.",
  tools: { findOrder, cancelOrder },
});
