/** Identifiers of runtimes as Lambda's API knows them: which may be asked for, and how a wrong one is refused. */

/** In the order in which AWS prints them when it refuses another (recorded; contract/06 §3). */
const PRINTED = [
  "nodejs20.x",
  "python3.14",
  "provided.al2023",
  "python3.12",
  "python3.13",
  "nodejs24.x",
  "nodejs22.x",
  "java25",
  "python3.10",
  "python3.11",
  "java21",
  "ruby3.3",
  "ruby3.4",
  "ruby3.2",
  "python3.8",
  "python3.9",
  "java17",
  "nodejs16.x",
  "dotnet10",
  "dotnet8",
  "java11",
  "dotnet6",
  "nodejs18.x",
  "provided.al2",
  "java8.al2",
] as const;

/** In the model's enum of 2026, younger than the recordings. */
const YOUNGER = ["nodejs26.x", "python3.15", "java8.al2023", "java11.al2023", "java17.al2023", "ruby4.0"] as const;

/** Known to the model, but refused for creating and updating. */
const RETIRED = [
  "dotnetcore1.0",
  "dotnetcore2.0",
  "dotnetcore2.1",
  "dotnetcore3.1",
  "go1.x",
  "java8",
  "nodejs",
  "nodejs4.3",
  "nodejs4.3-edge",
  "nodejs6.10",
  "nodejs8.10",
  "nodejs10.x",
  "nodejs12.x",
  "nodejs14.x",
  "provided",
  "python2.7",
  "python3.6",
  "python3.7",
  "ruby2.5",
  "ruby2.7",
] as const;

/** What functions may be created with, newest of each language first. */
export const CURRENT_RUNTIMES: readonly string[] = [...PRINTED, ...YOUNGER].sort((a, b) =>
  b.localeCompare(a, "en", { numeric: true }),
);

const ACCEPTED: ReadonlySet<string> = new Set([...PRINTED, ...YOUNGER]);
const REFUSED: ReadonlySet<string> = new Set(RETIRED);

/** Why a function may not be created with this runtime or moved to it, in AWS's words; undefined when it may. */
export function runtimeRefusal(runtime: string): string | undefined {
  if (ACCEPTED.has(runtime)) return undefined;
  if (REFUSED.has(runtime)) {
    return `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`;
  }
  return `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ${PRINTED_RUNTIMES} or be a valid ARN`;
}

/** What is no runtime that a layer could be compatible with; retired ones are, still. */
export function unknownRuntimes(runtimes: readonly string[]): string[] {
  return runtimes.filter((runtime) => !ACCEPTED.has(runtime) && !REFUSED.has(runtime));
}

/** As AWS prints what would have been accepted. */
export const PRINTED_RUNTIMES = `[${PRINTED.join(", ")}]`;

/** Java 11 and later, Python 3.12 and later, .NET 8 and later (Lambda developer guide, SnapStart). */
export function supportsSnapStart(runtime: string): boolean {
  const [, language, major, minor] = /^(java|python|dotnet)(\d+)(?:\.(\d+))?/.exec(runtime) ?? [];
  if (language === "java") return Number(major) >= 11;
  if (language === "dotnet") return Number(major) >= 8;
  return language === "python" && Number(major) === 3 && Number(minor) >= 12;
}
