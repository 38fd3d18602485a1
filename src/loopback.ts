/** What counts as "this machine only": the rule that binding and access checks share. */

import { isIPv4 } from "node:net";

/** True for an address that other machines cannot reach: `localhost`, 127.0.0.0/8, `::1` (without brackets). */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

/**
 * True when the `host[:port]` of a Host header or an Origin names this machine, on any port.
 * `*.localhost` is one too: by RFC 6761 §6.3 it never is another site's name, so DNS rebinding cannot use it.
 */
export function isLoopbackAuthority(authority: string): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority);
  if (match === null) return false;
  const [, ipv6, name] = match;
  if (ipv6 !== undefined) return ipv6 === "::1";
  return name !== undefined && (isLoopbackHost(name) || name.toLowerCase().endsWith(".localhost"));
}
