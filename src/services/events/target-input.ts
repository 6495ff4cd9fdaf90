/** What a target gets of an event: all of it, a part, something else, or what a template makes of it. */
import { type JsonNode, JsonSyntaxError, readJson } from "../../functions/positioned-json.ts";
import { parseJsonPath, selectJson } from "./json-path.ts";

export interface InputRules {
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?:
    | {
        readonly InputTemplate: string;
        readonly InputPathsMap?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
}

export interface InputContext {
  /** JSON of the whole event. */
  readonly event: string;
  readonly ruleArn: string;
  readonly ruleName: string;
  /** e.g. 2020-04-28T07:20:20Z: when the region took the event. */
  readonly ingestionTime: string;
}

const PLACEHOLDER = /<([A-Za-z0-9._-]{1,256})>/g;

export function inputOf(rules: InputRules, context: InputContext): string {
  if (rules.Input !== undefined) return rules.Input;
  const { event } = context;
  if (rules.InputPath !== undefined) {
    const picked = pick(event, rules.InputPath);
    return picked === undefined ? "null" : picked.text;
  }
  return rules.InputTransformer ? transformed(rules.InputTransformer, context) : event;
}

/** Why a template is none, or undefined. */
export function templateFault(template: string): string | undefined {
  try {
    for (const part of isStructured(template) ? [template] : template.split(/\r?\n/)) {
      // A placeholder on its own becomes a value, within a string it becomes text: either way JSON remains.
      const sample = replacePlaceholders(part, (_name, isInString) => (isInString ? "" : "null"));
      if (sample.trim() === "" && isStructured(template)) return "the template is empty";
      const root = readJson(sample);
      if (root && sample.slice(root.end).trim() !== "") return "there is more than one value in it";
    }
    return undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

interface Picked {
  readonly node: JsonNode;
  /** JSON */
  readonly text: string;
}

function pick(event: string, path: string): Picked | undefined {
  const root = readJson(event);
  const steps = parseJsonPath(path);
  const node = root && steps ? selectJson(root, steps) : undefined;
  return node && { node, text: event.slice(node.start, node.end) };
}

type Transformer = NonNullable<InputRules["InputTransformer"]>;

function transformed(
  { InputTemplate: template, InputPathsMap: paths = {} }: Transformer,
  context: InputContext,
): string {
  const known = predefined(context);
  const root = readJson(context.event);
  const structured = isStructured(template);
  return replacePlaceholders(template, (name, isInString) => {
    if (Object.hasOwn(known, name)) return valueIn(known[name] as string, isInString, structured);
    const steps = Object.hasOwn(paths, name) ? parseJsonPath(paths[name] as string) : undefined;
    const node = root && steps ? selectJson(root, steps) : undefined;
    // Nothing there: an empty text.
    if (!node) return isInString ? "" : '""';
    return valueIn(context.event.slice(node.start, node.end), isInString, structured);
  });
}

/** JSON of each. */
function predefined({ event, ruleArn, ruleName, ingestionTime }: InputContext): Readonly<Record<string, string>> {
  const detail = event.lastIndexOf(',"detail":');
  const root = readJson(event);
  const node = root && selectJson(root, ["detail"]);
  const withoutDetail = node ? `${event.slice(0, event.lastIndexOf(',"detail":', node.start))}}` : event;
  return {
    "aws.events.rule-arn": JSON.stringify(ruleArn),
    "aws.events.rule-name": JSON.stringify(ruleName),
    "aws.events.event.ingestion-time": JSON.stringify(ingestionTime),
    "aws.events.event": detail === -1 ? event : withoutDetail,
    "aws.events.event.json": event,
  };
}

/**
 * A value on its own is JSON. Within a string it is its text: of a string without its quotes; of an object or array its
 * JSON, escaped in a JSON template, and without any quotes in a template that is a string (as recorded of AWS).
 */
function valueIn(json: string, isInString: boolean, structured: boolean): string {
  if (!isInString) return json;
  if (json.startsWith('"')) return json.slice(1, -1);
  if (!json.startsWith("{") && !json.startsWith("[")) return json;
  return structured ? JSON.stringify(json).slice(1, -1) : json.replaceAll('"', "");
}

const isStructured = (template: string): boolean => /^\s*[{[]/.test(template);

/** @param replace is told whether the placeholder stands within a string */
function replacePlaceholders(template: string, replace: (name: string, isInString: boolean) => string): string {
  let result = "";
  let at = 0;
  let isInString = false;
  for (const found of template.matchAll(PLACEHOLDER)) {
    const before = template.slice(at, found.index);
    isInString = endsInString(before, isInString);
    result += before + replace(found[1] ?? "", isInString);
    at = found.index + found[0].length;
  }
  return result + template.slice(at);
}

function endsInString(text: string, startsInString: boolean): boolean {
  let isInString = startsInString;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === '"') isInString = !isInString;
  }
  return isInString;
}
