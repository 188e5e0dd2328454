import { WebhookRejected } from "./errors.js";

export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

export interface WebhookOptions {
  /** Seconds that a message may be old, or ahead: 300. */
  tolerance?: number;
  /** Milliseconds, as of `Date.now()`. */
  now?: number;
}

/**
 * The event, if it was signed with the secret, or with one of several while they rotate, by the
 * Standard Webhooks specification.
 *
 * `body` is what came over the wire, before any parsing. Keep the ids (`webhook-id`) that you have
 * handled: a delivery may be repeated.
 */
export async function verifyWebhook<Event = Record<string, unknown>>(
  secret: string | readonly string[],
  body: string | Uint8Array,
  headers: WebhookHeaders,
  options: WebhookOptions = {},
): Promise<Event> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!id || !timestamp || !signatures || !/^\d+$/.test(timestamp)) {
    throw new WebhookRejected("The headers of a webhook are missing.");
  }
  const now = (options.now ?? Date.now()) / 1000;
  if (Math.abs(now - Number(timestamp)) > (options.tolerance ?? 300)) {
    throw new WebhookRejected("The message is too old, or from the future.");
  }
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), content);
  let fits = false;
  for (const each of typeof secret === "string" ? [secret] : secret) {
    const key = await globalThis.crypto.subtle.importKey(
      "raw",
      decoded(each.replace(/^whsec_/, "")),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    for (const signature of signatures.split(" ")) {
      const [version, value] = signature.split(",");
      if (version !== "v1" || !value) continue;
      // `verify` compares in constant time, and every pair is compared.
      const given = tryDecoded(value);
      if (given && (await globalThis.crypto.subtle.verify("HMAC", key, given, signed))) fits = true;
    }
  }
  if (!fits) throw new WebhookRejected("No signature fits.");
  return JSON.parse(new TextDecoder().decode(content)) as Event;
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found[0] : found;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const bytes = tryDecoded(base64);
  if (!bytes) throw new TypeError("A webhook secret is base64 after `whsec_`.");
  return bytes;
}

function tryDecoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  } catch {
    return undefined;
  }
}
