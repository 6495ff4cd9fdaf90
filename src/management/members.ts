/** Members of objects that may be absent. */

/** Those that are undefined are not there at all: that is how things are compared, stored and shown. */
export function withoutUndefined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The empty text clears, nothing at all leaves it as it was. */
export function cleared(change: string | undefined, before: string | undefined): string | undefined {
  return change === undefined ? before : change || undefined;
}
