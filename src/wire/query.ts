/** The query string of a request, decoded: name → values in the order given. */
import { serializationError } from "./strict.ts";

/** AWS's own endpoints take far fewer; a guard against queries made to be slow. */
const MAX_PARAMETERS = 1000;

/** @throws ServiceError SerializationException for broken percent-encoding or too many parameters. */
export function parseQuery(query: string, maxParameters = MAX_PARAMETERS): Map<string, string[]> {
  const values = new Map<string, string[]>();
  if (query === "") return values;
  const pairs = query.split("&");
  if (pairs.length > maxParameters) throw serializationError("Too many query parameters");
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw serializationError("The query string is not correctly percent-encoded", cause);
  }
}
