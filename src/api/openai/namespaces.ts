/** The namespaces of the Responses API's tools: two tools may have the same name in different namespaces. */

/** Separates a namespace from a name. A client's name that contains it is refused (`nameAt`). */
export const namespaceSeparator = "\0";

/** Joins a tool's namespace, if it has one, and its name into one string. */
export function qualifiedName(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}${namespaceSeparator}${name}`;
}

/** Splits what `qualifiedName` joined. */
export function splitName(qualified: string): { readonly namespace: string | undefined; readonly name: string } {
  const at = qualified.indexOf(namespaceSeparator);
  return at === -1
    ? { namespace: undefined, name: qualified }
    : { namespace: qualified.slice(0, at), name: qualified.slice(at + 1) };
}
