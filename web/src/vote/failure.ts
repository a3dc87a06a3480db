/** What stopped a request, as the machine knows it. */

import { BadCredential } from "../lib/credential";
import { BadAnswer, CannotReach, Refused, type Problem } from "../lib/http";
import { WrongLog } from "../lib/knownlogs";
import { LogFormatError } from "../lib/log/errors";
import { BadReceipt } from "../lib/receipt";
import { WrongIssuer } from "./issuer";
import { Unsolved } from "./puzzle";
import type { Failure, Trouble } from "./way";

const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;
const UNPROVEN_PAUSE_S = 60;
const LONGEST_ASKED_S = 600;

/** Why a request failed; what is a bug of ours is reported to the browser's console too. */
export function failureOf(error: unknown, online: boolean): Failure {
  if (error instanceof Refused || error instanceof CannotReach) {
    if (error.problem) return saidBy(error.problem);
  }
  if (error instanceof WrongIssuer || error instanceof BadCredential) return { slug: "wrong-issuer" };
  if (error instanceof WrongLog || error instanceof LogFormatError) return { slug: "wrong-log" };
  if (error instanceof Unsolved) return { slug: "unsolved" };
  if (isFromServer(error) || isLostModule(error)) return { slug: online ? "unreachable" : "offline" };
  reportError(error);
  return { slug: "other" };
}

/** Why a ballot has no receipt yet, and when it is sent again; null if it was refused for good. */
export function troubleOf(error: unknown, online: boolean, attempt: number): Trouble | null {
  if (error instanceof BadReceipt) return { why: "unproven", again_s: UNPROVEN_PAUSE_S };
  if (error instanceof Refused && error.slug && error.status !== 429) return null;
  if (!isFromServer(error)) reportError(error);
  if (!online) return { why: "offline", again_s: LONGEST_PAUSE_S };
  const busy = error instanceof CannotReach ? !error.sent : error instanceof Refused && error.slug;
  const again_s = Math.min(Math.max(pause_s(attempt), askedFor_s(error)), LONGEST_ASKED_S);
  return { why: busy ? "busy" : "unreachable", again_s };
}

/** How long the service asked to wait. */
function askedFor_s(error: unknown): number {
  if (error instanceof CannotReach) return error.retryAfterS;
  return error instanceof Refused ? (error.problem?.retry_after_s ?? 0) : 0;
}

function saidBy(problem: Problem): Failure {
  const { type, title, title_zh, next, next_zh, retry_after_s } = problem;
  return {
    slug: type.replace("urn:huimin:problem:", ""),
    text: { zh: `${title_zh}。${next_zh}。`, en: `${title}. ${next}.` },
    ...(retry_after_s === undefined ? {} : { wait_s: retry_after_s }),
  };
}

/** An answer that is none of Huimin's, or no answer. */
function isFromServer(error: unknown): boolean {
  return error instanceof Refused || error instanceof CannotReach || error instanceof BadAnswer;
}

/** Part of the page could not be loaded: `import()` says so by a `TypeError`. */
function isLostModule(error: unknown): boolean {
  return error instanceof TypeError;
}

function pause_s(attempt: number): number {
  const spread = 0.5 + Math.random() / 2;
  return Math.min(FIRST_PAUSE_S * 2 ** Math.min(attempt - 1, 10) * spread, LONGEST_PAUSE_S);
}
