/** Holds the source to what the documents at the root say of it: who may import whom, and where promises are kept. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { SETTINGS } from "../src/config.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "src");
const MAX_LINES = 350;

/**
 * Every module that a file names, in `import`, `import type`, `export from`, `import()` and `import("...").Type`. A
 * pattern, not a parser: TypeScript 7 has no compiler API in JavaScript, and lexers of JavaScript lose the types, whose
 * direction counts too. What it could wrongly see, an import inside a string, would only be reported.
 */
const IMPORT = /\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g;

function document(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

interface Source {
  /** Relative to src/. */
  readonly path: string;
  readonly text: string;
  /** Files of src/ that it imports, relative to src/. Paths that lead out of src/ begin with `../`. */
  readonly imports: readonly string[];
}

const sources: readonly Source[] = globSync("**/*.ts", { cwd: SOURCE }).map((path) => {
  const text = readFileSync(join(SOURCE, path), "utf8");
  const imports = [...text.matchAll(IMPORT)]
    .map((match) => match[1] as string)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(SOURCE, join(SOURCE, dirname(path), specifier)));
  return { path, text, imports };
});

const isTest = (path: string) => /\.test\.ts$/.test(path);

/** The folder below src/, or the file itself where it lies at the top, with its test: `gateway`, `region.ts`. */
const roomOf = (path: string) => (path.split("/", 1)[0] as string).replace(/\.test\.ts$/, ".ts");

/** The table `| room | may import |` of ARCHITECTURE.md. `everything` stands for all rooms. */
function importTable(): Map<string, readonly string[]> {
  const [, table] = /\| room \| may import \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)/.exec(document("ARCHITECTURE.md")) ?? [];
  assert.ok(table, "ARCHITECTURE.md has a table | room | may import |");
  const rows = table.trimEnd().split("\n");
  return new Map(
    rows.map((row) => {
      const [, room = "", allowed = ""] = row.split("|").map((cell) => cell.trim().replaceAll("`", ""));
      return [room, allowed.split(",").map((name) => name.trim())] as const;
    }),
  );
}

test("every room of the source stands in the import table, and every row of the table is a room", () => {
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  assert.deepEqual([...importTable().keys()].sort(), [...rooms].sort());
});

test("every import follows a direction that ARCHITECTURE.md allows", () => {
  const table = importTable();
  const offences = sources
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, imports }) => {
      const allowed = table.get(roomOf(path)) ?? [];
      const isAllowed = (target: string) =>
        roomOf(target) === roomOf(path) || allowed.includes(roomOf(target)) || allowed.includes("everything");
      return imports.filter((target) => !isAllowed(target)).map((target) => `src/${path} imports src/${target}`);
    });
  assert.deepEqual(offences, []);
});

test("no isolation driver imports another driver, and what drivers share imports none", () => {
  const driverOf = (path: string) => /^execution\/sandbox\/([^/]+)\//.exec(path)?.[1];
  const shared = "oci";
  const offences = sources
    .filter(({ path }) => !isTest(path) && driverOf(path) !== undefined)
    .flatMap(({ path, imports }) =>
      imports
        .filter((target) => ![undefined, shared, driverOf(path)].includes(driverOf(target)))
        .map((target) => `src/${path} imports src/${target}`),
    );
  assert.deepEqual(offences, []);
});

test("no file imports itself by way of others", () => {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assert.deepEqual(circles, []);
});

test("no source file grows past the size at which one looks for its second noun", () => {
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(long, []);
});

test("every promise of SPECIFICATION.md links a file that exists", () => {
  const rows = document("SPECIFICATION.md")
    .split("\n")
    .filter((line) => /^\| \d+ \|/.test(line));
  assert.ok(rows.length > 0, "SPECIFICATION.md has a table of numbered promises");
  for (const [index, row] of rows.entries()) {
    assert.ok(row.startsWith(`| ${index + 1} |`), `promises are numbered without gaps: ${row}`);
    const links = [...row.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] as string);
    assert.ok(links.length > 0, `a test or bench is linked: ${row}`);
    for (const link of links) assert.ok(existsSync(join(ROOT, link)), `${link} exists`);
  }
});

test("every file that a document at the root links or names by path exists", () => {
  const missing = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "NOTICE"].flatMap((name) => {
    const text = document(name);
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] as string);
    const paths = [...text.matchAll(/`((?:src|test|bench|scripts|runtimes|examples|docs)\/[\w./-]+)`/g)];
    return [...links, ...paths.map((match) => match[1] as string)]
      .filter((path) => !existsSync(join(ROOT, path)))
      .map((path) => `${name}: ${path}`);
  });
  assert.deepEqual(missing, []);
});

test("the table of settings in README.md is the one of config.ts", () => {
  const rows = Object.values(SETTINGS).map(({ flag, variable, fallback, about }) => {
    const shown = fallback === "" ? "" : ` \`${fallback.replace(homedir(), "~")}\``;
    return `| \`--${flag}\` | \`${variable}\` |${shown} | ${about} |`;
  });
  assert.ok(document("README.md").includes(`${rows.join("\n")}\n`), `README.md holds:\n${rows.join("\n")}`);
});
