/** A capture cannot be made from what was given. One line, for users: what, why, what to do. */
export class RewriteError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RewriteError";
  }
}
