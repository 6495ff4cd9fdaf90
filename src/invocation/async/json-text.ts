/** A function's answer as it can stand within a JSON document: itself where it is JSON, which no runtime has to see to. */

export function jsonTextOf(answer: Buffer | undefined): Buffer {
  if (answer === undefined || answer.length === 0) return Buffer.from("null");
  const text = answer.toString();
  try {
    JSON.parse(text);
    return answer;
  } catch {
    return Buffer.from(JSON.stringify(text));
  }
}
