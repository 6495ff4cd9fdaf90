/** Remembers what a function made of a text: for texts that come again and again, such as a client's own credential. */

/**
 * @param make pure; what it throws is not remembered
 * @param most texts; when there are more, all are forgotten: whoever sends ever new ones costs no more than no memory does
 * @param longest longer texts are not remembered
 */
export function boundedMemo<T>(make: (text: string) => T, most = 500, longest = 1024): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (known.size >= most) known.clear();
    if (text.length <= longest) known.set(text, made);
    return made;
  };
}
