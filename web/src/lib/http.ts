/**
 * Requests: bounded in time, and tried again with longer and longer pauses, as the command line's.
 *
 * Retried are lost connections, 429 and 5xx answers; Retry-After is obeyed up to the longest pause.
 * Everything else is an answer. A longer one is the caller's to obey: a 429 that asks for it is thrown
 * as `Refused`, and a 5xx as `CannotReach`.
 */

/** What a service says when it refuses (RFC 9457), in both languages. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly title_zh: string;
  readonly status: number;
  readonly detail: string;
  readonly next: string;
  readonly next_zh: string;
  readonly retry_after_s?: number;
}

/** The service understood and said no. `slug` is the stable name of why, "" if it gave none. */
export class Refused extends Error {
  override name = "Refused";
  readonly slug: string;

  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
  ) {
    super(problem ? `${problem.title}: ${problem.detail}` : `status ${status}`);
    this.slug = problem?.type.replace("urn:huimin:problem:", "") ?? "";
  }
}

/**
 * No usable answer after all attempts. `sent`: the service may have carried it out all the same.
 * `problem`: what the service said the last time, if it was one that answered; `retryAfterS`: how long
 * it asked to wait, 0 if it did not.
 */
export class CannotReach extends Error {
  override name = "CannotReach";

  constructor(
    message: string,
    readonly sent: boolean,
    readonly problem?: Problem,
    readonly retryAfterS = 0,
  ) {
    super(message);
  }
}

/** An answer that is not what was agreed. */
export class BadAnswer extends Error {
  override name = "BadAnswer";
}

/** A pause before the next attempt. */
export interface Waiting {
  readonly attempt: number;
  readonly pauseS: number;
}

export interface Request {
  readonly method?: "GET" | "POST";
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly signal?: AbortSignal;
  /** Told before each pause, for the page to say so. */
  readonly onWait?: (waiting: Waiting) => void;
  /** How often to ask in all. A POST that must not be carried out twice has 1. */
  readonly attempts?: number;
  readonly timeoutS?: number;
}

const ATTEMPTS = 6;
const TIMEOUT_S = 30;
const FIRST_PAUSE_S = 0.25;
const LONGEST_PAUSE_S = 5;
const NOT_CARRIED_OUT = [429, 503];

class Failure {
  constructor(
    readonly why: string,
    readonly sent: boolean,
    readonly retryAfterS = 0,
    readonly problem?: Problem,
  ) {}
}

/** The answer, of status 2xx; throws `Refused`, `CannotReach`, or the signal's reason. */
export async function request(url: string, options: Request = {}): Promise<Response> {
  const attempts = options.attempts ?? ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await once(url, options);
    if (!(outcome instanceof Failure)) return outcome;
    const { why, sent, problem, retryAfterS } = outcome;
    if (attempt >= attempts || retryAfterS > LONGEST_PAUSE_S) {
      throw new CannotReach(`${url}: ${why}, ${attempt} times`, sent, problem, retryAfterS);
    }
    const pauseS = pauseOf(attempt, retryAfterS);
    options.onWait?.({ attempt, pauseS });
    await sleep(pauseS, options.signal);
  }
}

/** JSON by GET or POST. That it has this shape is believed: what matters is verified elsewhere. */
export async function requestJson<T>(url: string, options: Request = {}): Promise<T> {
  const response = await request(url, options);
  try {
    return (await response.json()) as T;
  } catch {
    throw new BadAnswer(`${url}: the answer is no JSON`);
  }
}

/** Wait, or throw the signal's reason. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, seconds * 1000);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}

async function once(url: string, options: Request): Promise<Response | Failure> {
  options.signal?.throwIfAborted();
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, (options.timeoutS ?? TIMEOUT_S) * 1000);
  options.signal?.addEventListener("abort", stop);
  try {
    const response = await fetch(url, { ...init(options), signal: limit.signal });
    // The body within the same limit: an answer half read is a lost one.
    return await judged(new Response(await response.blob(), response));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Refused) throw error;
    return new Failure("the answer was lost", true);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

function init(options: Request): RequestInit {
  const method = options.method ?? "GET";
  const common: RequestInit = { method, credentials: "omit", referrerPolicy: "no-referrer" };
  if (options.json === undefined) return common;
  return {
    ...common,
    body: JSON.stringify(options.json),
    headers: { "Content-Type": "application/json" },
  };
}

async function judged(response: Response): Promise<Response | Failure> {
  if (response.ok) return response;
  const problem = await problemIn(response);
  const asked = Number(response.headers.get("Retry-After") ?? problem?.retry_after_s ?? 0) || 0;
  const tooLong = response.status === 429 && asked > LONGEST_PAUSE_S;
  if (tooLong || (response.status < 500 && response.status !== 429)) {
    throw new Refused(response.status, problem);
  }
  const sent = !NOT_CARRIED_OUT.includes(response.status);
  return new Failure(`the server answered ${response.status}`, sent, asked, problem);
}

async function problemIn(response: Response): Promise<Problem | undefined> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    return typeof body.type === "string" ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Twice as long after each attempt, and not the same for all who were turned away at once. */
function pauseOf(attempt: number, askedS: number): number {
  const pauseS = FIRST_PAUSE_S * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  return Math.min(Math.max(pauseS, askedS), LONGEST_PAUSE_S);
}
