/** Encodes text from outside the server, such as a model's name, as a header's value. */

/** Keep values short: a client rejects a whole response whose headers exceed its limit (Node's: 16 KB for all). */
const headerCharsMax = 256;

/**
 * Percent-encodes, as UTF-8, every character that is not printable ASCII: Node throws on a character that is not
 * allowed in a header. A lone surrogate becomes U+FFFD. Returns undefined for text that is empty or too long; the
 * caller then leaves the header out.
 */
export function headerValue(text: string): string | undefined {
  if (text === "" || text.length > headerCharsMax) return undefined;
  return text.replace(/[^\x20-\x7e]+/gu, (odd) => {
    const hex = Buffer.from(odd, "utf8").toString("hex").toUpperCase();
    return hex.replace(/../gu, "%$&");
  });
}
