/** What the services answer, as `shared/edition/views.py` and `shared/eligibility/views.py` have it. */

import type { Base64 } from "./bytes";

export interface Text {
  readonly zh: string;
  readonly en: string;
}

export type Phase =
  | "announced"
  | "shortlisted"
  | "rolled"
  | "open"
  | "closed"
  | "issued"
  | "drawn"
  | "certified";

export type Disclosure = "live" | "at-close";
export type EligibilityMode = "roll" | "phone";

export interface Receipt {
  readonly edition: string;
  readonly index: number;
  readonly entry: Base64;
  readonly proof: string;
}

export interface EditionSummary {
  readonly edition: string;
  readonly title: Text;
  readonly phase: Phase;
  readonly log: string;
  readonly vkey: string;
}

export interface EditionList {
  readonly log_origin: string;
  readonly log_key: Base64;
  readonly editions: readonly EditionSummary[];
}

export interface Initiative {
  readonly id: string;
  readonly title: Text;
  readonly summary: Text;
  readonly department: Text;
}

export interface Manifest {
  readonly title: Text;
  readonly disclosure: Disclosure;
  readonly officers: readonly { readonly id: string; readonly key: Base64 }[];
  readonly log: { readonly origin: string; readonly key: Base64 };
  readonly seats: number;
  readonly max_choices: number;
  readonly min_choices: number;
  readonly opens_at: string | null;
  readonly closes_at: string | null;
  readonly demonstration: boolean;
}

export interface RollView {
  readonly size: number;
  readonly root: Base64;
  readonly issuer_key: Base64;
  readonly mode: EligibilityMode;
}

export interface EditionView {
  readonly edition: string;
  readonly phase: Phase;
  readonly manifest: Manifest;
  readonly initiatives: readonly Initiative[];
  readonly roll: RollView | null;
  readonly issued: number | null;
  readonly milestone_size: number;
  readonly size: number;
  readonly checkpoint: string;
  readonly log: string;
  readonly vkey: string;
}

/** A `BallotCast` entry of the log. */
export interface BallotCast {
  readonly event: "BallotCast";
  readonly edition: string;
  readonly key: Base64;
  readonly credential: Base64;
  readonly seq: number;
  readonly commitment: Base64;
  readonly signature: Base64;
  readonly hour: string;
}

/** An event that officers commanded; which one is in `event`. */
export interface Milestone {
  readonly event: string;
  readonly edition: string;
  readonly time: string;
}

export type LogEvent = BallotCast | Milestone;

/** A ballot as posted. */
export interface Ballot {
  readonly key: Base64;
  readonly credential: Base64;
  readonly seq: number;
  readonly choices: readonly string[];
  readonly salt: Base64;
  readonly signature: Base64;
  readonly commitment: Base64;
}

export interface Registration {
  readonly edition: string;
  readonly mode: EligibilityMode;
  readonly issuer_key: Base64;
  readonly issuing: "not-yet" | "open" | "closed";
  readonly codes: "working" | "failing";
}

export interface ChallengeRequest {
  readonly identity_number?: string;
  readonly phone?: string;
  readonly proof_of_work?: string;
}

export interface Challenge {
  readonly challenge: string;
  readonly expires_in_s: number;
  readonly attempts: number;
  readonly code_digits: number;
}

export type Person =
  | { readonly by: "phone"; readonly challenge: string; readonly code: string }
  | { readonly by: "counter"; readonly code: string; readonly identity_number?: string };

export interface CredentialRequest {
  readonly person: Person;
  readonly blinded_message: Base64;
}

export interface BlindCredential {
  readonly blind_signature: Base64;
}

export interface InitiativeTally {
  readonly id: string;
  readonly ballots: number;
}

export interface ResultView {
  readonly winners: readonly string[];
  readonly tied: readonly string[];
  readonly seats_open: number;
  readonly decided_by_draw: boolean;
  readonly certified: boolean;
}

export interface Contradiction {
  readonly index: number;
  readonly what: string;
  readonly why: string;
}

export interface TallySnapshot {
  readonly edition: string;
  readonly phase: Phase | null;
  readonly disclosure: Disclosure | null;
  readonly size: number;
  readonly behind: number;
  readonly time: string;
  readonly status: "verified" | "catching-up" | "contradiction";
  readonly ballots: number;
  readonly voters: number;
  readonly roll_size: number | null;
  readonly counts: readonly InitiativeTally[] | null;
  readonly result: ResultView | null;
  readonly checkpoint: string;
  readonly contradiction: Contradiction | null;
}

/** Receipt checks made today, as pages report them. */
export interface ReceiptChecks {
  readonly day: string;
  readonly verified: number;
  readonly wrong: number;
}
