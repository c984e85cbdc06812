/** A rule over the repository's files: what violates it, one line each; nothing when it holds. */
export interface Gate {
  name: string;
  check(files: readonly string[], read: (file: string) => string): string[];
}
