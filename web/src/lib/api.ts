/**
 * The services' public interfaces, one function for each request.
 *
 * All throw `Refused`, `CannotReach` or `BadAnswer` of `http.ts`. What they answer is convenience;
 * proofs and signatures in it are for the caller to verify.
 */

import type { Bytes } from "./bytes";
import { request, requestJson, type Request } from "./http";
import type { Services } from "./services";
import type {
  Ballot,
  BlindCredential,
  Challenge,
  ChallengeRequest,
  CredentialRequest,
  EditionList,
  EditionView,
  Receipt,
  ReceiptChecks,
  Registration,
  TallySnapshot,
} from "./views";

type Options = Pick<Request, "signal" | "onWait" | "attempts" | "timeoutS">;

export function listEditions(services: Services, options: Options = {}): Promise<EditionList> {
  return requestJson(`${services.ballot}/v1/editions`, options);
}

export function showEdition(
  services: Services,
  edition: string,
  options: Options = {},
): Promise<EditionView> {
  return requestJson(`${services.ballot}${editionPath(edition)}`, options);
}

/** Casts a ballot. Safe to repeat: the same ballot counts once and has one receipt. */
export function castBallot(
  services: Services,
  edition: string,
  ballot: Ballot,
  options: Options = {},
): Promise<Receipt> {
  const url = `${services.ballot}${editionPath(edition)}/ballots`;
  return requestJson(url, { ...options, method: "POST", json: ballot });
}

/** A resource of the edition's log, such as `checkpoint` or `tile/0/000.p/3`. */
export async function readLog(
  services: Services,
  edition: string,
  resource: string,
  options: Options = {},
): Promise<Bytes> {
  const url = `${services.ballot}/log/${encodeURIComponent(edition)}/${resource}`;
  const response = await request(url, options);
  return new Uint8Array(await response.arrayBuffer());
}

export function showRegistration(
  services: Services,
  edition: string,
  options: Options = {},
): Promise<Registration> {
  return requestJson(`${services.registrar}${editionPath(edition)}/registration`, options);
}

/** An ALTCHA puzzle, needed after the problem `proof-of-work-needed`. */
export function askPuzzle(
  services: Services,
  edition: string,
  options: Options = {},
): Promise<unknown> {
  const url = `${services.registrar}${editionPath(edition)}/puzzles`;
  return requestJson(url, { ...options, method: "POST" });
}

/** Asks for a one-time code. Not repeated by itself: each time may send another message. */
export function askChallenge(
  services: Services,
  edition: string,
  body: ChallengeRequest,
  options: Options = {},
): Promise<Challenge> {
  const url = `${services.registrar}${editionPath(edition)}/challenges`;
  return requestJson(url, { attempts: 1, ...options, method: "POST", json: body });
}

/** Asks for the blind signature. Safe to repeat: the same message gets the same signature. */
export function askCredential(
  services: Services,
  edition: string,
  body: CredentialRequest,
  options: Options = {},
): Promise<BlindCredential> {
  const url = `${services.registrar}${editionPath(edition)}/credentials`;
  return requestJson(url, { ...options, method: "POST", json: body });
}

export function showTally(
  services: Services,
  edition: string,
  options: Options = {},
): Promise<TallySnapshot> {
  return requestJson(`${services.tally}${editionPath(edition)}/tally`, options);
}

/** The address of the tally's server-sent events; each one's data is a `TallySnapshot`. */
export function tallyStreamUrl(services: Services, edition: string): string {
  return `${services.tally}${editionPath(edition)}/tally/stream`;
}

export function showReceiptChecks(
  services: Services,
  options: Options = {},
): Promise<ReceiptChecks> {
  return requestJson(`${services.tally}/v1/receipt-checks`, options);
}

/** Counts one check of a receipt: that it was made and how it ended, and nothing else. */
export function countReceiptCheck(
  services: Services,
  outcome: "verified" | "wrong",
  options: Options = {},
): Promise<ReceiptChecks> {
  const url = `${services.tally}/v1/receipt-checks?outcome=${outcome}`;
  return requestJson(url, { attempts: 1, ...options, method: "POST" });
}

function editionPath(edition: string): string {
  return `/v1/editions/${encodeURIComponent(edition)}`;
}
