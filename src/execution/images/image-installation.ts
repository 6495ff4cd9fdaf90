/** A container image as a runtime: it starts with the image's own words, or with those of the function's ImageConfig. */
import { accessSync, constants, statSync } from "node:fs";
import { posix } from "node:path";
import type { FunctionVersion } from "../../functions/function-version.ts";
import { type Failure, imageFailure } from "../failure.ts";
import type { RuntimeInstallation } from "../runtimes.ts";
import type { Image } from "./image-store.ts";
import { BadPath, componentsOf, Tree } from "./tree.ts";

export interface ImageStart {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
}

/** What is given wins, each for itself; an entry point of the function's own leaves the image's command in force, as in AWS. */
export function imageStart({ configuration }: Image, { imageConfig }: FunctionVersion): ImageStart {
  return {
    entryPoint: imageConfig?.entryPoint ?? configuration.entryPoint,
    command: imageConfig?.command ?? configuration.command,
    workingDirectory: imageConfig?.workingDirectory ?? configuration.workingDirectory,
  };
}

export function imageInstallation(image: Image, start: ImageStart, version: FunctionVersion): RuntimeInstallation {
  return {
    runtime: "image",
    kind: "image",
    version: version.codeSha256,
    runtimeVersion: "",
    workingDirectory: start.workingDirectory,
    defaults: image.configuration.environment,
    command: () => [...start.entryPoint, ...start.command],
    environment: () => ({ ...(start.command[0] !== undefined && { _HANDLER: start.command[0] }) }),
    runtimeVersionArn: () => "",
  };
}

/** Why it can be seen not to start, in AWS's words (contract/02 §5); undefined when it may. */
export function imageProblem(
  { root }: Image,
  { entryPoint, command, workingDirectory }: ImageStart,
): Failure | undefined {
  const tree = new Tree(root);
  const told = { entryPoint, command, workingDirectory };
  const directory = placeOf(tree, workingDirectory);
  if (!directory || !statSync(directory).isDirectory()) {
    return imageFailure("Runtime.InvalidWorkingDir", `chdir ${workingDirectory}: no such file or directory`, told);
  }
  const program = entryPoint[0] ?? command[0];
  if (program === undefined)
    return imageFailure(
      "Runtime.InvalidEntrypoint",
      "entrypoint requires the handler name to be the first argument",
      told,
    );
  // What is looked for on the PATH tells by itself.
  if (!program.startsWith("/")) return undefined;
  const file = placeOf(tree, program);
  if (!file) return imageFailure("Runtime.InvalidEntrypoint", `fork/exec ${program}: no such file or directory`, told);
  try {
    accessSync(file, constants.X_OK);
    return undefined;
  } catch {
    return imageFailure("Runtime.InvalidEntrypoint", `fork/exec ${program}: permission denied`, told);
  }
}

/** What is no path of a file leads nowhere: the function's owner wrote it, and is told. */
function placeOf(tree: Tree, path: string): string | undefined {
  try {
    return tree.find(componentsOf(posix.normalize(path)));
  } catch (error) {
    if (error instanceof BadPath) return undefined;
    throw error;
  }
}
