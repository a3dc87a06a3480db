/**
 * A voter's way from "who are you" to "your vote is counted": one pure machine.
 *
 * `step(way, event)` gives the next state and what is to be done. It does no I/O: `runner.ts` does
 * what it says, in order, and reports back by events. Two rules hold by construction, in `step`:
 * whatever changed in what the voter keeps is saved before anything else is done, so before it is
 * sent; and while one task is under way no other begins, so a double tap does nothing.
 */

import type {
  Ballot,
  Challenge,
  ChallengeRequest,
  EditionView,
  Person,
  Receipt,
  Registration,
  Text,
} from "../lib/views";
import { castingStep } from "./casting";
import { choosingStep } from "./choosing";
import { identifyingStep } from "./identifying";
import { allowed, resumed } from "./places";
import type { Place, Voter } from "./voter";

/** What the services say of the edition, read anew from time to time. */
export interface Facts {
  readonly edition: EditionView;
  /** Null while the registrar cannot be asked: who has a credential needs none. */
  readonly registration: Registration | null;
}

/** What is under way. `then` is what follows when the voter's key is prepared. */
export type Task =
  | { readonly doing: "preparing"; readonly then: ChallengeRequest | Person }
  | { readonly doing: "asking" }
  | { readonly doing: "puzzling" }
  | { readonly doing: "redeeming" }
  | { readonly doing: "signing" }
  | { readonly doing: "sending"; readonly attempt: number; readonly trouble: Trouble | null };

/** Why a ballot is not acknowledged yet; `again_s`: the pause before it is sent again, 0 after. */
export interface Trouble {
  readonly why: "offline" | "unreachable" | "busy" | "unproven";
  readonly again_s: number;
}

/** Something to tell the voter. `slug`: a problem's, or one of the page's own. */
export interface Notice {
  readonly slug: string;
  readonly text?: Text;
  readonly wait_s?: number;
  readonly left?: number;
}

export interface Way {
  readonly facts: Facts;
  readonly voter: Voter | null;
  readonly place: Place;
  readonly task: Task | null;
  readonly notice: Notice | null;
  /** Who the last code was asked for; in memory only, to ask for another one. */
  readonly asked: ChallengeRequest | null;
  /** Another tab has taken over: this one does nothing any more. */
  readonly elsewhere: boolean;
  /** What the voter keeps could not be saved: it is in this tab's memory only. */
  readonly unsaved: boolean;
}

/** What stopped a request to a service. */
export interface Failure {
  /** The problem's slug; "unreachable", "offline" when there was no answer; "" for a foreign one. */
  readonly slug: string;
  readonly text?: Text;
  readonly wait_s?: number;
}

export type Event =
  | { readonly type: "identified"; readonly request: ChallengeRequest }
  | { readonly type: "at-counter"; readonly person: Person }
  | { readonly type: "prepared"; readonly voter: Voter }
  | { readonly type: "puzzled" }
  | { readonly type: "challenged"; readonly challenge: Challenge }
  | { readonly type: "code-typed"; readonly code: string }
  | { readonly type: "new-code-wanted" }
  | { readonly type: "credential"; readonly credential: string }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "card-read"; readonly voter: Voter }
  | { readonly type: "toggled"; readonly id: string }
  | { readonly type: "cleared" }
  | { readonly type: "cast" }
  | { readonly type: "signed"; readonly ballot: Ballot }
  | { readonly type: "under-way"; readonly ballot: Ballot }
  | { readonly type: "received"; readonly ballot: Ballot; readonly receipt: Receipt }
  | { readonly type: "not-received"; readonly ballot: Ballot; readonly trouble: Trouble }
  | { readonly type: "refused"; readonly ballot: Ballot; readonly failure: Failure }
  | { readonly type: "send-now" }
  | { readonly type: "given-up" }
  | { readonly type: "change-mind" }
  | { readonly type: "went"; readonly place: Place }
  | { readonly type: "facts"; readonly facts: Facts }
  | { readonly type: "notice-read" }
  | { readonly type: "not-saved" }
  | { readonly type: "taken-over" };

export type Effect =
  | { readonly do: "save"; readonly voter: Voter }
  | { readonly do: "prepare"; readonly voter: Voter | null }
  | { readonly do: "ask-code"; readonly request: ChallengeRequest }
  | { readonly do: "get-credential"; readonly voter: Voter; readonly person: Person }
  | { readonly do: "sign"; readonly voter: Voter; readonly choices: readonly string[] }
  | { readonly do: "send"; readonly ballot: Ballot; readonly after_s: number };

export type Step = readonly [Way, readonly Effect[]];

/** Where a voter goes on who was here before (null: who was not), and what is to be done. */
export function begin(facts: Facts, voter: Voter | null): Step {
  const place = resumed(voter);
  const sending = voter?.pending ?? null;
  const way: Way = {
    facts,
    voter,
    place,
    task: sending ? { doing: "sending", attempt: 1, trouble: null } : null,
    notice: null,
    asked: null,
    elsewhere: false,
    unsaved: false,
  };
  return [way, sending ? [{ do: "send", ballot: sending, after_s: 0 }] : []];
}

/** The next state, and what is to be done: saving first. */
export function step(way: Way, event: Event): Step {
  if (way.elsewhere) return [way, []];
  const [next, effects] = transition(way, event);
  const kept = withPlace(next);
  if (kept.voter === way.voter || kept.voter === null) return [kept, effects];
  return [kept, [{ do: "save", voter: kept.voter }, ...effects]];
}

/** The place is kept with the rest, so that a closed tab is opened again where it was. */
function withPlace(way: Way): Way {
  const { voter, place } = way;
  if (voter === null || voter.place === place) return way;
  return { ...way, voter: { ...voter, place } };
}

function transition(way: Way, event: Event): Step {
  switch (event.type) {
    case "identified":
    case "at-counter":
    case "prepared":
    case "puzzled":
    case "challenged":
    case "code-typed":
    case "new-code-wanted":
    case "credential":
    case "failed":
      return identifyingStep(way, event);
    case "toggled":
    case "cleared":
    case "change-mind":
      return choosingStep(way, event);
    case "cast":
    case "signed":
    case "under-way":
    case "received":
    case "not-received":
    case "refused":
    case "send-now":
    case "given-up":
      return castingStep(way, event);
    case "card-read":
      return cardRead(way, event.voter);
    case "went":
      return went(way, event.place);
    case "facts":
      return [{ ...way, facts: event.facts }, []];
    case "notice-read":
      return [{ ...way, notice: null }, []];
    case "not-saved":
      return [{ ...way, unsaved: true, task: null, notice: { slug: "not-saved" } }, []];
    case "taken-over":
      return [{ ...way, elsewhere: true, task: null }, []];
  }
}

function went(way: Way, place: Place): Step {
  if (way.task !== null || !allowed(way, place)) return [way, []];
  return [{ ...way, place, notice: null }, []];
}

/** A recovery card never replaces a credential that this device has. */
function cardRead(way: Way, voter: Voter): Step {
  if (way.task !== null || way.voter?.credential) return [way, []];
  return [{ ...way, voter, place: "select", notice: { slug: "card-read" } }, []];
}

