/** Tenure's API: `new Tenure({ baseUrl, apiKey })` has a group of methods for each part of it. */
export { Answer } from "./calls.js";
export type { CallOptions, ConditionalOptions, KeyedOptions } from "./calls.js";
export { Tenure } from "./client.js";
export type { TenureOptions } from "./client.js";
export { ApiError, ConnectionFailed, TenureError, WebhookRejected } from "./errors.js";
export type { FieldError, Problem } from "./errors.js";
export type { Retries } from "./retries.js";
export type * as types from "./generated/types.js";
export { verifyWebhook } from "./webhooks.js";
export type { WebhookHeaders, WebhookOptions } from "./webhooks.js";
