import { lookup, type LookupAddress } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { clientClosed } from "../errors.ts";
import { imageType } from "../image-type.ts";
import { bytesPerMegabyte } from "./body.ts";

/** The largest image that is fetched, in bytes. */
export const imageBytesMax = 20 * bytesPerMegabyte;
/** Time limit for one image, redirects included, in milliseconds. */
export const fetchWaitMs = 15_000;
/** How many redirects are followed to one image. */
export const redirectsMax = 3;

/** The limits of a fetch. */
export interface FetchOptions {
  /** The limit for all images of a request together, in bytes. */
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  /** Time limit for this image, in milliseconds; default: `fetchWaitMs`. */
  readonly waitMs?: number;
  /** Whether the server may connect to an IP address; default: `isPublicAddress`. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
}

/** A fetched image. `mediaType` is told from its bytes, not from the response's headers. */
export interface FetchedImage {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** IPv4: every special-purpose range of IANA's registries that is not part of the public internet. */
const privateRanges = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12],
  ["192.0.0.0", 24], ["192.0.2.0", 24], ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15],
  ["198.51.100.0", 24], ["203.0.113.0", 24], ["224.0.0.0", 3],
] as const) privateRanges.addSubnet(net, prefix, "ipv4");
const publicRange6 = new BlockList();
publicRange6.addSubnet("2000::", 3, "ipv6");
/** Ranges inside 2000::/3 that are not public: tunnels into IPv4 (6to4, Teredo) and documentation addresses. */
const privateRanges6 = new BlockList();
for (const [net, prefix] of [
  ["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20],
] as const) privateRanges6.addSubnet(net, prefix, "ipv6");

/** False for addresses of this machine, of private networks and of a cloud's metadata service. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !privateRanges.check(address, "ipv4");
  return publicRange6.check(address, "ipv6") && !privateRanges6.check(address, "ipv6");
}

/** Thrown when an image cannot be fetched. Its message is written for the client. */
export class Refusal extends Error {}

/**
 * Fetches one image. Rejects with a Refusal, or with a BridgeError if the client has disconnected. `bytesLeft` is
 * `bytesMax` less the bytes of the request's other images.
 */
export async function fetchImage(url: string, bytesLeft: number, options: FetchOptions): Promise<FetchedImage> {
  const { signal, bytesMax, waitMs = fetchWaitMs, isPublic = isPublicAddress } = options;
  const timeout = AbortSignal.timeout(waitMs);
  const either = AbortSignal.any([signal, timeout]);
  let at = parseUrl(url);
  try {
    for (let redirects = 0; redirects <= redirectsMax; redirects++) {
      const response = await get(at, either, isPublic);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.destroy();
        at = parseUrl(headers.location, at);
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw new Refusal(`the image's server answered ${statusCode}.`);
      }
      const bytes = await readAll(response, bytesLeft < imageBytesMax
        ? { bytes: bytesLeft, refusal: tooMuchTogether(bytesMax) }
        : { bytes: imageBytesMax, refusal: new Refusal(`the image is larger than ${inMegabytes(imageBytesMax)} MB.`) });
      const mediaType = imageType(bytes);
      if (mediaType === undefined) throw new Refusal("what was fetched is no png, jpeg, gif or webp image.");
      return { mediaType, bytes };
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (signal.aborted) throw clientClosed();
    throw new Refusal(
      timeout.aborted ? `the image did not come within ${waitMs / 1000} s.` : "the image could not be fetched.",
      { cause: error },
    );
  }
  throw new Refusal(`the image's server redirects more than ${redirectsMax} times.`);
}

function parseUrl(url: string, base?: URL): URL {
  const parsed = URL.canParse(url, base?.href) ? new URL(url, base) : undefined;
  if (parsed === undefined || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) {
    throw new Refusal("expected an http(s) URL.");
  }
  if (parsed.username !== "" || parsed.password !== "") throw new Refusal("a URL with credentials is not fetched.");
  return parsed;
}

function get(url: URL, signal: AbortSignal, isPublic: (address: string) => boolean): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  // Node connects to a literal address without calling `lookup`, so it is checked here.
  if (isIP(host) !== 0 && !isPublic(host)) return Promise.reject(notPublic());
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // The check runs inside the lookup that the connection uses: a DNS name cannot change between check and connect.
    const options = {
      signal, agent: false, lookup: checkedLookup(isPublic),
      headers: { accept: "image/png, image/jpeg, image/gif, image/webp", "user-agent": "claude-max-api" },
    };
    request(url, options, resolve).on("error", reject).end();
  });
}

function checkedLookup(isPublic: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, "", 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublic(address))) {
        return callback(notPublic(), "", 0);
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

interface SizeLimit {
  readonly bytes: number;
  /** Thrown when the response is larger than `bytes`. */
  readonly refusal: Refusal;
}

async function readAll(response: IncomingMessage, { bytes: bytesMax, refusal }: SizeLimit): Promise<Buffer> {
  if (Number(response.headers["content-length"] ?? 0) > bytesMax) {
    response.destroy();
    throw refusal;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw refusal;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The refusal when a request's images together exceed `bytesMax`. */
export function tooMuchTogether(bytesMax: number): Refusal {
  return new Refusal(`the images of a request may come to ${inMegabytes(bytesMax)} MB together.`);
}

function notPublic(): Refusal {
  return new Refusal("only images on public addresses are fetched.");
}

function inMegabytes(bytes: number): number {
  return Number((bytes / bytesPerMegabyte).toPrecision(3));
}
