import { Caller } from "./calls.js";
import { Groups } from "./generated/methods.js";
import type { Retries } from "./retries.js";

export interface TenureOptions {
  /** Where Tenure is, such as `https://tenure.example.com`. */
  baseUrl: string;
  /** `tnr_live_…`. A key that may write does not belong in a browser. */
  apiKey: string;
  /** For one attempt, in milliseconds: 30,000. */
  timeout?: number;
  retries?: Partial<Retries>;
  /** Something else than the platform's own `fetch`. */
  fetch?: typeof globalThis.fetch;
}

export class Tenure extends Groups {
  constructor(options: TenureOptions) {
    super(new Caller(options));
  }
}
