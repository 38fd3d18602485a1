/** Given to Node by `--import`: has it take each TypeScript file of the project as ../compiled.ts has compiled it. */
import { register } from "node:module";

const { searchParams } = new URL(import.meta.url);
process.setSourceMapsEnabled(true);
register("./hooks.mjs", import.meta.url, {
  data: { root: searchParams.get("root"), compiled: searchParams.get("compiled") },
});
