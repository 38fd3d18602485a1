/** The hooks of Node's module loader: see ./register.mjs. */
import { readFile } from "node:fs/promises";

let root;
let compiled;

export function initialize(data) {
  ({ root, compiled } = data);
}

/** Another file of the project, by its relative path, is where that says: there is nothing to look for. */
export function resolve(specifier, context, next) {
  const isOurs = /^\.\.?\/.*\.ts$/u.test(specifier) && context.parentURL?.startsWith(root) === true;
  if (!isOurs) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, format: "module", shortCircuit: true };
}

export async function load(url, context, next) {
  if (!url.startsWith(root) || !url.endsWith(".ts")) return next(url, context);
  const file = new URL(`${url.slice(root.length, -".ts".length)}.js`, compiled);
  return { format: "module", source: await readFile(file, "utf8"), shortCircuit: true };
}
