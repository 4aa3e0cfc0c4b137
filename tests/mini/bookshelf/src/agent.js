export class Agent {
  constructor({ name, tools }) {
    this.name = name;
    this.tools = tools;
    this.books = [];
  }

  run(book) {
    this.books.push(book);
    return this.books.length;
  }
}
