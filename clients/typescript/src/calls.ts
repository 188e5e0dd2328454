import type { TenureOptions } from "./client.js";
import { ConnectionFailed, apiError } from "./errors.js";
import { RETRIED, STANDARD, delay, sleep } from "./retries.js";
import type { Retries } from "./retries.js";

export class Answer<T> {
  constructor(
    readonly data: T,
    readonly status: number,
    readonly headers: Headers,
  ) {}

  /** Hand it back as `ifMatch`, and the change fails if somebody else made one first. */
  get etag(): string | undefined {
    return this.headers.get("etag") ?? undefined;
  }

  get requestId(): string | undefined {
    return this.headers.get("x-request-id") ?? undefined;
  }

  /** Whether the idempotency key was known, and this is the answer of that time. */
  get replayed(): boolean {
    return this.headers.get("idempotency-replayed") === "true";
  }
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** For one attempt, in milliseconds. */
  timeout?: number | undefined;
}

export interface ConditionalOptions {
  ifMatch?: string | undefined;
}

export interface KeyedOptions extends CallOptions {
  /** One is made for each call; give your own to repeat a call of an earlier process. */
  idempotencyKey?: string | undefined;
}

export interface Call {
  method: string;
  path: string;
  /** The options that are sent as the query. */
  query?: readonly string[];
  body?: unknown;
  contentType?: string;
  hearsKeys?: boolean;
  text?: boolean;
}

type AllOptions = KeyedOptions & ConditionalOptions;

export class Caller {
  readonly #baseUrl: string;
  readonly #apiKey: string;
  readonly #timeout: number;
  readonly #retries: Retries;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: TenureOptions) {
    this.#baseUrl = new URL(options.baseUrl).href.replace(/\/+$/, "");
    this.#apiKey = options.apiKey;
    this.#timeout = options.timeout ?? 30_000;
    this.#retries = { ...STANDARD, ...options.retries };
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /**
   * Send it, again after a failure that may pass: always what only reads, and what writes under a
   * key that stays the same, so that it happens once.
   */
  async call<T>(call: Call, options: AllOptions): Promise<Answer<T>> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#apiKey}` };
    const contentType = call.contentType ?? "application/json";
    const isJson = contentType === "application/json";
    const body = call.body === undefined || !isJson ? call.body : JSON.stringify(call.body);
    if (body !== undefined) headers["content-type"] = contentType;
    if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
    if (call.hearsKeys) {
      headers["idempotency-key"] = options.idempotencyKey ?? globalThis.crypto.randomUUID();
    }
    const url = `${this.#baseUrl}${call.path}${queryOf(call.query ?? [], options)}`;
    const request: RequestInit = { method: call.method, headers, redirect: "manual" };
    if (body !== undefined) request.body = body as NonNullable<RequestInit["body"]>;
    const repeatable = call.method === "GET" || call.hearsKeys === true;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#once<T>(url, request, call.text === true, options);
      if (outcome.answer) return outcome.answer;
      const wait =
        repeatable && outcome.passing ? delay(this.#retries, attempt, outcome.headers) : undefined;
      if (wait === undefined) throw outcome.error;
      await sleep(wait, options.signal);
    }
  }

  async #once<T>(
    url: string,
    request: RequestInit,
    text: boolean,
    options: CallOptions,
  ): Promise<Outcome<T>> {
    const timeout = AbortSignal.timeout(options.timeout ?? this.#timeout);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      const response = await this.#fetch(url, { ...request, signal });
      if (!response.ok) {
        const error = await apiError(response);
        const passing = RETRIED.has(error.status) || error.problem["retryable"] === true;
        return { error, passing, headers: response.headers };
      }
      const content = await response.text();
      const data = (text ? content : content === "" ? null : JSON.parse(content)) as T;
      return { answer: new Answer(data, response.status, response.headers) };
    } catch (cause) {
      if (options.signal?.aborted) throw options.signal.reason;
      const error = new ConnectionFailed(`${request.method} ${url}: ${String(cause)}`, { cause });
      return { error, passing: true };
    }
  }
}

interface Outcome<T> {
  answer?: Answer<T>;
  error?: Error;
  passing?: boolean;
  headers?: Headers;
}

export class Group {
  constructor(protected readonly caller: Caller) {}
}

interface Page<T> {
  data: readonly T[];
  next_cursor?: string | null;
}

export async function* pages<T>(
  fetch: (cursor: string | undefined) => Promise<Answer<Page<T>>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: Page<T> = (await fetch(cursor)).data;
    yield* page.data;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** Where the question is a body, the cursor is in it. */
export function pagesByBody<T, Body extends { cursor?: string | null }>(
  fetch: (body: Body) => Promise<Answer<Page<T>>>,
  body: Body,
): AsyncGenerator<T, void, undefined> {
  return pages((cursor) => fetch(cursor === undefined ? body : { ...body, cursor }));
}

interface FeedPage<T> {
  data: readonly T[];
  next_after: string;
  has_more: boolean;
}

/**
 * Keep the `cursor` of the last event that you have dealt with, and begin `after` it the next time.
 * Without `wait` it ends where the feed does.
 */
export async function* follow<T>(
  fetch: (after: string | undefined) => Promise<Answer<FeedPage<T>>>,
  after: string | undefined,
  wait: number | undefined,
): AsyncGenerator<T, void, undefined> {
  let page: FeedPage<T>;
  let place = after;
  do {
    page = (await fetch(place)).data;
    yield* page.data;
    place = page.next_after;
  } while (page.has_more || wait);
}

export function segment(value: unknown): string {
  return encodeURIComponent(String(value));
}

function queryOf(names: readonly string[], options: object): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined || value === null) continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  const text = query.toString();
  return text && `?${text}`;
}
