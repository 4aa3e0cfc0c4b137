import { tool } from "ai";
import { z } from "zod";

const SHOP = "https://shop.example/orders";

export const findOrder = tool({
  description: "Finds an order.",
  inputSchema: z.object({ number: z.string() }),
  execute: async ({ number }) => (await fetch(`${SHOP}/${number}`)).json(),
});

export const cancelOrder = tool({
  description: "Cancels an order.",
  inputSchema: z.object({ number: z.string() }),
  needsApproval: true,
  execute: async ({ number }) => {
    const answer = await fetch(`${SHOP}/${number}`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${process.env.SHOP_TOKEN}` },
    });
    return answer.ok;
  },
});
