export interface FieldError {
  /** Where in the body, such as `/traits/tier`. */
  pointer?: string;
  message?: string;
  code?: string;
  [detail: string]: unknown;
}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string | null;
  code?: string;
  request_id?: string | null;
  errors?: FieldError[];
  [extension: string]: unknown;
}

/** All that this package throws. */
export class TenureError extends Error {
  override readonly name: string = "TenureError";
}

/** There was no answer: no connection, or none in time. The request may have been carried out. */
export class ConnectionFailed extends TenureError {
  override readonly name = "ConnectionFailed";
}

/** The signature is not Tenure's, or the message is too old: answer 400 and do nothing. */
export class WebhookRejected extends TenureError {
  override readonly name = "WebhookRejected";
}

/** An answer that says no. `code` is stable and `errors` names each field that is at fault. */
export class ApiError extends TenureError {
  override readonly name = "ApiError";
  readonly code: string;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: FieldError[];
  readonly requestId: string | undefined;

  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly problem: Problem,
  ) {
    const code = problem.code ?? `http_${status}`;
    const title = problem.title ?? `HTTP ${status}`;
    const faults = (problem.errors ?? []).map(
      (each) => `${each.pointer ?? ""}: ${each.message ?? ""}`,
    );
    const about = [problem.detail ?? "", ...faults].filter(Boolean).join("; ");
    super(`${status} ${code}: ${title}${about ? ` ${about}` : ""}`);
    this.code = code;
    this.title = title;
    this.detail = problem.detail ?? undefined;
    this.errors = problem.errors ?? [];
    this.requestId = headers.get("x-request-id") ?? problem.request_id ?? undefined;
  }
}

export async function apiError(response: Response): Promise<ApiError> {
  const text = await response.text();
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    problem = undefined; // not from Tenure: a proxy's page, say
  }
  const isProblem = typeof problem === "object" && problem !== null && !Array.isArray(problem);
  return new ApiError(response.status, response.headers, isProblem ? (problem as Problem) : {});
}
