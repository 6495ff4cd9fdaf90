/**
 * AWS's runtime interface client for Java, which is what its managed runtimes run, and what it needs: published on Maven
 * Central, pinned by hash, and fetched when the operator asks for it.
 */
import { createHash } from "node:crypto";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const REPOSITORY = "https://repo1.maven.org/maven2";

interface Artifact {
  /** Below the repository. */
  readonly path: string;
  readonly sha256: string;
}

/** In the order in which they stand on the class path. */
const ARTIFACTS: readonly Artifact[] = [
  {
    path: "com/amazonaws/aws-lambda-java-runtime-interface-client/2.10.1/aws-lambda-java-runtime-interface-client-2.10.1.jar",
    sha256: "b0dd01f45b7258da0e32ade0bff950b12d0cf279ccebf416ad8c3795af21f1db",
  },
  {
    path: "com/amazonaws/aws-lambda-java-core/1.4.0/aws-lambda-java-core-1.4.0.jar",
    sha256: "575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed",
  },
  {
    path: "com/amazonaws/aws-lambda-java-serialization/1.4.1/aws-lambda-java-serialization-1.4.1.jar",
    sha256: "0ab04580117a1a326c7abea912331c77bec1292ce0c22285eb2d40563145dd9b",
  },
  {
    path: "software/amazon/awssdk/utils-lite/2.34.0/utils-lite-2.34.0.jar",
    sha256: "efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a",
  },
];

export const JAVA_CLIENT_JARS: readonly string[] = ARTIFACTS.map(({ path }) => basename(path));

/** Where the client is below the directory of installed runtimes: what sandboxes see as /var/runtime. */
export const javaClientDirectory = (runtimesDirectory: string): string => join(runtimesDirectory, "java");

export async function hasJavaClient(runtimesDirectory: string): Promise<boolean> {
  const directory = join(javaClientDirectory(runtimesDirectory), "lib");
  const found = await Promise.all(JAVA_CLIENT_JARS.map((jar) => isThere(join(directory, jar))));
  return found.every((isHere) => isHere);
}

/**
 * Fetch what is not there yet.
 * @param say receives a line for each file
 * @throws when a file cannot be fetched, or is not the one that is expected
 */
export async function installJavaClient(runtimesDirectory: string, say: (line: string) => void): Promise<void> {
  const directory = join(javaClientDirectory(runtimesDirectory), "lib");
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const { path, sha256 } of ARTIFACTS) {
    const file = join(directory, basename(path));
    if (await isThere(file)) continue;
    say(`fetching ${basename(path)} from Maven Central`);
    const bytes = await fetched(`${REPOSITORY}/${path}`);
    const found = createHash("sha256").update(bytes).digest("hex");
    if (found !== sha256) throw new Error(`${basename(path)} is not the expected file: its SHA-256 is ${found}`);
    // Whole or not at all: a file under its own name is what it says.
    const incoming = `${file}.${process.pid}`;
    try {
      await writeFile(incoming, bytes, { mode: 0o644 });
      await rename(incoming, file);
    } finally {
      await rm(incoming, { force: true });
    }
  }
}

async function fetched(url: string): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) }).catch((error: Error) => {
    throw new Error(`${url} cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`);
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
