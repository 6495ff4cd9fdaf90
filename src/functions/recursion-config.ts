/** Whether a function may be part of an endless loop of invocations: Lambda stops such loops unless it is told not to. */

export interface RecursionConfig {
  readonly recursiveLoop: "Allow" | "Terminate";
}

export function allowsRecursion(config: RecursionConfig | undefined): boolean {
  return config?.recursiveLoop === "Allow";
}
