/** Whether this machine has `::1`: a container may have no IPv6 at all. */
import { networkInterfaces } from "node:os";

export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));
}
