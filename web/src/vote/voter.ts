/**
 * What one voter keeps on the device: all that is needed to go on after an interruption.
 *
 * The fields are those of the file that `huimin vote` keeps, and a few of the page's own. Each step
 * saves what it is about to send before it sends it. Nothing here says who the voter is: beside the
 * key, a name or a number would tell whoever finds the device how that person voted.
 *
 * Pure data and what becomes of it; where it is kept is in `storage.ts`.
 */

import type { Base64 } from "../lib/bytes";
import type { Ballot, Challenge, EditionView, Receipt } from "../lib/views";

/** Where on their way a voter is: one screen each. */
export type Place =
  | "identify"
  | "counter"
  | "code"
  | "import"
  | "select"
  | "review"
  | "casting"
  | "counted"
  | "card";

/** A voter's key on its way to be signed; `inverse` turns the answer into the credential. */
export interface Blinding {
  readonly issuer_key: Base64;
  readonly blinded_message: Base64;
  readonly inverse: Base64;
}

/** A challenge whose code was asked for, and how often a wrong code was sent. */
export interface OpenChallenge extends Challenge {
  readonly wrong: number;
}

export interface Voter {
  readonly format: "huimin/voter/v1";
  readonly edition: string;
  /** The key of the edition's log: what verified the issuer's key, and will verify the receipt. */
  readonly vkey: string;
  /** The private key, a P-256 scalar of 32 bytes. */
  readonly key: Base64;
  /** The 65-byte point that the credential is for. */
  readonly point: Base64;
  readonly blinding: Blinding | null;
  readonly challenge: OpenChallenge | null;
  /** The credential was asked for over this key, and no answer says that it was not given. */
  readonly redeeming: boolean;
  /** The issuer's signature over `point`; empty until it was got. */
  readonly credential: Base64;
  /** The next ballot's is one more; 0 before the first. */
  readonly seq: number;
  /** A ballot that was perhaps sent and not acknowledged. */
  readonly pending: Ballot | null;
  /** Of the last ballot acknowledged; verified. */
  readonly receipt: Receipt | null;
  /** What the ballot of `receipt` chose, in the voter's order. */
  readonly counted: readonly string[];
  /** What is chosen for the next ballot. */
  readonly draft: readonly string[];
  /** Seed of the order in which this voter sees the shortlist. */
  readonly shuffle: number;
  readonly place: Place;
}

/** What the page makes before the registrar is asked for anything. */
export type Prepared = Pick<Voter, "edition" | "vkey" | "key" | "point" | "blinding" | "shuffle">;

/** A voter without a credential. */
export function newVoter(prepared: Prepared): Voter {
  return {
    format: "huimin/voter/v1",
    ...prepared,
    challenge: null,
    redeeming: false,
    credential: "",
    seq: 0,
    pending: null,
    receipt: null,
    counted: [],
    draft: [],
    place: "identify",
  };
}

/** The voter once the credential was got; the way to it is forgotten. */
export function withCredential(voter: Voter, credential: Base64): Voter {
  return { ...voter, credential, blinding: null, challenge: null, redeeming: false };
}

/** Whether a person's one credential is, or may be, over this key: without it they cannot vote. */
export function mayBeIssued(voter: Voter): boolean {
  return voter.credential !== "" || voter.redeeming;
}

/** The voter whose pending ballot is in the log. */
export function withReceipt(voter: Voter, ballot: Ballot, receipt: Receipt): Voter {
  return { ...voter, seq: ballot.seq, pending: null, receipt, counted: ballot.choices, draft: [] };
}

/**
 * The voter after a ballot was refused.
 *
 * It is forgotten unless it may be in the log nevertheless: when voting has closed, an earlier
 * attempt may have got in; and an answer that is none of Huimin's, without a slug, says nothing.
 *
 * A ballot that was overtaken, by one of the same key on another device, doubles the next seq: the
 * other device may be any number of ballots ahead, and so a few attempts suffice.
 */
export function afterRefusal(voter: Voter, ballot: Ballot, slug: string): Voter {
  if (slug === "" || slug === "voting-closed") return voter;
  const seq = slug === "stale-seq" ? 2 * ballot.seq - 1 : voter.seq;
  return { ...voter, pending: null, draft: ballot.choices, seq };
}

/** Whether these choices make a ballot under the edition's rules. */
export function castable(edition: EditionView, choices: readonly string[]): boolean {
  const { min_choices, max_choices } = edition.manifest;
  const listed = new Set(edition.initiatives.map((one) => one.id));
  return (
    min_choices <= choices.length &&
    choices.length <= max_choices &&
    new Set(choices).size === choices.length &&
    choices.every((id) => listed.has(id))
  );
}
