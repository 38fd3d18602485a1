/** Text that comes from elsewhere, as a header can hold it. */

/** A client that reads little of a header refuses the whole answer (Node's own bound is 16 KB for all of them). */
const headerCharsMax = 256;

/**
 * The text with what is not printable ASCII percent-encoded, in UTF-8; undefined, for a header to be left out, where it
 * is empty or too long. Node throws on a character that no header can hold, and half a surrogate pair has no bytes.
 */
export function headerValue(text: string): string | undefined {
  if (text === "" || text.length > headerCharsMax) return undefined;
  return text.replace(/[^\x20-\x7e]+/gu, (odd) => {
    const hex = Buffer.from(odd, "utf8").toString("hex").toUpperCase();
    return hex.replace(/../gu, "%$&");
  });
}
