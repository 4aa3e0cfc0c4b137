import { openai } from "@ai-sdk/openai";
import { generateText, stepCountIs, tool } from "ai";
import { z } from "zod";

import { search } from "./articles";

const findArticle = tool({
  description: "Finds articles of the handbook",
  inputSchema: z.object({ question: z.string() }),
  execute: async ({ question }) => search(question),
});

export async function answer(question: string): Promise<string> {
  const { text } = await generateText({
    model: openai("gpt-4o-2024-08-06"),
    tools: { findArticle },
    stopWhen: stepCountIs(3),
    prompt: question,
  });
  return text;
}
