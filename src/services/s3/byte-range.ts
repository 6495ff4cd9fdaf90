/** The Range header: one range of bytes. Of several, or of what is no range, S3 takes no notice and sends the whole. */

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** @returns undefined for the whole; "unsatisfiable" when nothing of it is there */
export function readRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header?.replaceAll(" ", "") ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, from = "", to = ""] = match;
  if (from === "") {
    const count = Math.min(Number(to), size);
    return count === 0 ? "unsatisfiable" : { first: size - count, last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return undefined;
  return first >= size ? "unsatisfiable" : { first, last };
}

/** The range of UploadPartCopy, which must be within the source. @returns undefined when it is not */
export function copiedRange(header: string, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(header);
  if (!match) return undefined;
  const range = { first: Number(match[1]), last: Number(match[2]) };
  return range.first <= range.last && range.last < size ? range : undefined;
}
