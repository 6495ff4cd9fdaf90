/** `alonzo help`: the verbs and the settings. */
import { SETTINGS } from "../config.ts";
import { columns, print, styled } from "./terminal.ts";
import { USAGE } from "./usage.ts";

export async function run(): Promise<number> {
  print("Alonzo: AWS Lambda that you run yourself.");
  print();
  print(styled("bold", "usage: alonzo VERB, or from a checkout: npm run alonzo -- VERB"));
  for (const verb of Object.values(USAGE)) {
    print(`  alonzo ${verb.usage}`);
    print(`      ${styled("dim", verb.about)}`);
  }
  print();
  print(styled("bold", "settings, as flags or as environment variables:"));
  const rows = Object.values(SETTINGS).map(({ flag, variable, fallback, about }) => [
    `--${flag}`,
    variable,
    fallback === "" ? about : `${about} (default ${fallback})`,
  ]);
  for (const line of columns(rows)) print(line);
  return 0;
}
