import { readFile } from "node:fs/promises";

export async function search(question: string): Promise<string[]> {
  const articles = (await readFile("handbook.txt", "utf8")).split("\n\n");
  return articles.filter((article) => article.includes(question));
}
