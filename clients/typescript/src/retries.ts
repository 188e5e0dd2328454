/**
 * How often a call is tried again, and how long before, in milliseconds. `Retry-After` is heard; one
 * that asks for more than `longest` ends the attempts.
 */
export interface Retries {
  attempts: number;
  first: number;
  longest: number;
}

export const STANDARD: Retries = { attempts: 4, first: 500, longest: 60_000 };

export const RETRIED: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** Milliseconds before the attempt after this one, counted from 1; undefined to give up. */
export function delay(retries: Retries, attempt: number, headers?: Headers): number | undefined {
  if (attempt >= retries.attempts) return undefined;
  const asked = retryAfter(headers?.get("retry-after"));
  if (asked !== undefined) {
    return asked > retries.longest ? undefined : asked + Math.random() * retries.first;
  }
  const step = Math.min(retries.longest, retries.first * 2 ** (attempt - 1));
  return step / 2 + (Math.random() * step) / 2;
}

function retryAfter(value: string | null | undefined): number | undefined {
  if (!value) return undefined;
  const seconds = Number(value);
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
