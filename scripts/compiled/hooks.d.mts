/** What a test calls of ./hooks.mjs, which is JavaScript. */
type Next = (what: string, context: object) => unknown;
export function initialize(data: { readonly root: string; readonly compiled: string }): void;
export function resolve(specifier: string, context: { readonly parentURL?: string }, next: Next): unknown;
export function load(url: string, context: object, next: Next): Promise<unknown>;
