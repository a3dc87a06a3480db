/**
 * A voter's way from "who are you" to "your vote is counted": one pure machine.
 *
 * `step(way, event)` gives the next state and what is to be done. It does no I/O: `runner.ts` does
 * what it says, in order, and reports back by events. Three rules hold by construction, in `step`:
 * whatever changed in what the voter keeps is saved before anything else is done, so before it is
 * sent; while one task is under way no other begins, so a double tap does nothing; and a record over
 * whose key somebody may have a credential is set aside, never replaced, when another person's begins.
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
import { mayBeIssued, type Place, type Voter } from "./voter";

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
  | Redeeming
  | { readonly doing: "signing" }
  | { readonly doing: "sending"; readonly attempt: number; readonly trouble: Trouble | null };

/**
 * A credential is asked for over the key of `voter`. If the person turns out to have one already,
 * it may be over one of the `others`: keys set aside for which an answer was lost. `again`: this is
 * not the first time for the present voter's key.
 */
export interface Redeeming {
  readonly doing: "redeeming";
  readonly person: Person;
  readonly voter: Voter;
  readonly others: readonly Voter[];
  readonly again: boolean;
}

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
  /** Records of others who vote on this device. */
  readonly aside: readonly Voter[];
  readonly place: Place;
  readonly task: Task | null;
  readonly notice: Notice | null;
  /** Who the registrar was last asked for; in memory only: to ask again, and to know them again. */
  readonly asked: ChallengeRequest | Person | null;
  /** The code of the counter's slip by which the voter came; in memory only, until it is used. */
  readonly slip: string;
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
  | { readonly type: "somebody-else" }
  | { readonly type: "taken-up"; readonly point: string }
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
  /** Saves the record, null for none; `aside`: the one before is set aside first. */
  | { readonly do: "save"; readonly voter: Voter | null; readonly aside: boolean }
  | { readonly do: "prepare"; readonly voter: Voter | null }
  | { readonly do: "ask-code"; readonly request: ChallengeRequest }
  | { readonly do: "get-credential"; readonly voter: Voter; readonly person: Person }
  | { readonly do: "sign"; readonly voter: Voter; readonly choices: readonly string[] }
  | { readonly do: "send"; readonly ballot: Ballot; readonly after_s: number };

/** With what a way begins. */
export type Known = Pick<Way, "facts" | "voter" | "aside" | "slip">;

export type Step = readonly [Way, readonly Effect[]];

/** Where a voter goes on who was here before (null: who was not), and what is to be done. */
export function begin({ facts, voter, aside, slip }: Known): Step {
  const sending = voter?.pending ?? null;
  const way: Way = {
    facts,
    voter,
    aside,
    place: resumed(voter),
    slip,
    task: sending ? { doing: "sending", attempt: 1, trouble: null } : null,
    notice: null,
    asked: null,
    elsewhere: false,
    unsaved: false,
  };
  const place = slip && allowed(way, "counter") ? "counter" : way.place;
  return [{ ...way, place }, sending ? [{ do: "send", ballot: sending, after_s: 0 }] : []];
}

/** The next state, and what is to be done: saving first. */
export function step(way: Way, event: Event): Step {
  if (way.elsewhere) return [way, []];
  const [next, effects] = transition(way, event);
  const kept = withPlace(next);
  if (kept.voter === way.voter) return [kept, effects];
  const aside = givesWay(way.voter, kept.voter) ? [way.voter] : [];
  const others = kept.aside.filter((one) => one.point !== kept.voter?.point);
  return [
    { ...kept, aside: [...others, ...aside] },
    [{ do: "save", voter: kept.voter, aside: aside.length > 0 }, ...effects],
  ];
}

function givesWay(before: Voter | null, after: Voter | null): before is Voter {
  if (before === null || before.point === after?.point) return false;
  return after === null || mayBeIssued(before);
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
    case "somebody-else":
      return somebodyElse(way);
    case "taken-up":
      return takenUp(way, event.point);
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

/** Another person begins on this device; the record of the one before is there to come back to. */
function somebodyElse(way: Way): Step {
  if (way.task !== null || way.voter === null || way.voter.pending) return [way, []];
  const place = way.slip ? "counter" : "identify";
  return [{ ...way, voter: null, place, asked: null, notice: null }, []];
}

/** Somebody comes back to a record of theirs. */
function takenUp(way: Way, point: string): Step {
  const voter = way.aside.find((one) => one.point === point);
  if (!voter || way.task !== null || way.voter?.pending) return [way, []];
  const [taken, effects] = begin({ ...way, voter, slip: "" });
  return [{ ...taken, slip: way.slip, unsaved: way.unsaved }, effects];
}
