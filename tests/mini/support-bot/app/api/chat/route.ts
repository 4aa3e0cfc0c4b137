import { createAgentUIStreamResponse } from "ai";

import { bot } from "../../../src/bot";

export async function POST(request: Request) {
  const { messages } = await request.json();
  return createAgentUIStreamResponse({ agent: bot, uiMessages: messages });
}
