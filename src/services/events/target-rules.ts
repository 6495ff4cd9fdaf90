/** What a target of a rule must be, in EventBridge's words. */
import type { RuleTarget } from "./event-book.ts";
import { parseJsonPath } from "./json-path.ts";
import { templateFault } from "./target-input.ts";

const ARN = /^arn:[\w-]+:([\w-]+):([\w-]*):([\w-]*):(.+)$/;
const LONGEST_TEMPLATE = 8192;

/** Why it cannot be a target, or undefined. */
export function targetRefusal(target: RuleTarget): string | undefined {
  const { Id: id, Arn: arn, DeadLetterConfig: deadLetter } = target;
  const [, service, , , resource] = ARN.exec(arn) ?? [];
  if (service === undefined || resource === undefined) {
    return `Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`;
  }
  if (service === "sqs" && resource.endsWith(".fifo") && target.SqsParameters?.MessageGroupId === undefined) {
    return `Parameter(s) SqsParameters must be specified for target: ${id}.`;
  }
  if (deadLetter?.Arn !== undefined && ARN.exec(deadLetter.Arn)?.[1] !== "sqs") {
    return `Parameter DeadLetterConfig.Arn is not valid for target ${id}. Reason: Only SQS queues can be dead-letter queues.`;
  }
  return inputRefusal(target);
}

function inputRefusal({
  Id: id,
  Input: input,
  InputPath: path,
  InputTransformer: transformer,
}: RuleTarget): string | undefined {
  if ([input, path, transformer].filter((given) => given !== undefined).length > 1) {
    return `Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`;
  }
  if (input !== undefined && !isJson(input)) return `JSON syntax error in input for target ${id}`;
  if (path !== undefined && !parseJsonPath(path)) return `Parameter InputPath is not valid for target ${id}.`;
  if (!transformer) return undefined;
  const { InputTemplate: template, InputPathsMap: paths = {} } = transformer;
  if (template.length > LONGEST_TEMPLATE) return `InputTemplate for target ${id} is longer than 8192 characters.`;
  for (const [name, text] of Object.entries(paths)) {
    if (/^aws/i.test(name)) return `InputPathsMap for target ${id} contains a reserved key ${name}.`;
    if (!parseJsonPath(text)) return `Invalid InputPathsMap for target ${id} : ${name} is no JSON path.`;
  }
  const fault = templateFault(template);
  return fault === undefined ? undefined : `Invalid InputTemplate for target ${id} : ${fault}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
