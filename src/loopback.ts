/** Decides which addresses only this machine can reach. The config and the access check share this rule. */

import { isIPv4 } from "node:net";

/** True for an address that other machines cannot reach: `localhost`, 127.0.0.0/8, `::1` (without brackets). */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

/**
 * True when the `host[:port]` of a Host header or an Origin names this machine, on any port. `*.localhost` does too: by
 * RFC 6761 §6.3 no other site can have such a name, so DNS rebinding cannot use it.
 */
export function isLoopbackAuthority(authority: string): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority);
  if (match === null) return false;
  const [, ipv6, name] = match;
  if (ipv6 !== undefined) return ipv6 === "::1";
  return name !== undefined && (isLoopbackHost(name) || name.toLowerCase().endsWith(".localhost"));
}
