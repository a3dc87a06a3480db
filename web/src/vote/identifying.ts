/** From "who are you" to the credential. */

import type { ChallengeRequest, Person } from "../lib/views";
import { withCredential, type Voter } from "./voter";
import type { Effect, Event, Failure, Redeeming, Step, Way } from "./way";

type Identifying = Extract<
  Event,
  {
    type:
      | "identified"
      | "at-counter"
      | "prepared"
      | "puzzled"
      | "challenged"
      | "code-typed"
      | "new-code-wanted"
      | "credential"
      | "failed";
  }
>;

export function identifyingStep(way: Way, event: Identifying): Step {
  switch (event.type) {
    case "identified":
      return prepare(way, event.request, recordFor(way, event.request));
    case "at-counter":
      return prepare(way, event.person, recordFor(way, event.person));
    case "new-code-wanted":
      if (way.asked !== null && !("by" in way.asked)) return prepare(way, way.asked);
      return free(way) ? [{ ...way, place: "identify", notice: { slug: "type-again" } }, []] : [way, []];
    case "code-typed":
      return codeTyped(way, event.code);
    case "prepared":
      return way.task?.doing === "preparing" ? proceed(way, event.voter, way.task.then) : [way, []];
    case "puzzled":
      return way.task?.doing === "asking" ? [{ ...way, task: { doing: "puzzling" } }, []] : [way, []];
    case "challenged": {
      if (way.voter === null || !asking(way)) return [way, []];
      const voter = { ...way.voter, challenge: { ...event.challenge, wrong: 0 } };
      return [{ ...way, voter, task: null, place: "code" }, []];
    }
    case "credential": {
      if (way.voter === null || way.task?.doing !== "redeeming") return [way, []];
      const voter = withCredential(way.task.voter, event.credential);
      const slip = way.task.person.by === "counter" ? "" : way.slip;
      return [{ ...way, voter, slip, task: null, asked: null, place: "select", notice: null }, []];
    }
    case "failed":
      return failed(way, event.failure);
  }
}

function free(way: Way): boolean {
  return way.task === null && !way.voter?.credential;
}

function asking(way: Way): boolean {
  return way.task?.doing === "asking" || way.task?.doing === "puzzling";
}

/** Before anything is sent to the registrar, its issuer key is compared and the key is blinded. */
function prepare(way: Way, then: ChallengeRequest | Person, voter = way.voter): Step {
  if (!free(way)) return [way, []];
  return [
    { ...way, voter, task: { doing: "preparing", then }, notice: null },
    [{ do: "prepare", voter }],
  ];
}

/**
 * The record with which a person may go on. A key over which somebody may have a credential is for
 * that person alone: whoever says anew who they are, and is not known to be the same, gets another.
 */
function recordFor(way: Way, who: ChallengeRequest | Person): Voter | null {
  const known = JSON.stringify(way.asked) === JSON.stringify(who);
  return way.voter?.redeeming && !known ? null : way.voter;
}

function proceed(way: Way, voter: Voter, then: ChallengeRequest | Person): Step {
  if ("by" in then) return redeem(way, voter, then);
  const next: Effect = { do: "ask-code", request: then };
  return [{ ...way, voter, asked: then, task: { doing: "asking" } }, [next]];
}

/** That it was asked for is saved before it is asked for: the answer may be lost. */
function redeem(way: Way, before: Voter, person: Person): Step {
  const atCounter = person.by === "counter";
  const challenge = atCounter ? null : before.challenge; // a code that was sent is for one person
  const voter = { ...before, challenge, redeeming: true };
  const others = way.aside.filter((one) => one.redeeming && one.credential === "");
  const task = { doing: "redeeming", person, voter, others, again: before.redeeming } as const;
  return [
    { ...way, voter, task, asked: atCounter ? person : way.asked },
    [{ do: "get-credential", voter, person }],
  ];
}

function codeTyped(way: Way, code: string): Step {
  const challenge = way.voter?.challenge;
  if (!challenge || !free(way)) return [way, []];
  return prepare(way, { by: "phone", challenge: challenge.challenge, code });
}

function failed(way: Way, failure: Failure): Step {
  const { task } = way;
  if (task === null || task.doing === "sending") return [way, []];
  if (task.doing === "redeeming") return notRedeemed(way, task, failure);
  const place = task.doing === "signing" ? "review" : way.place;
  return [{ ...way, place, task: null, notice: failure }, []];
}

function notRedeemed(way: Way, task: Redeeming, failure: Failure): Step {
  const voter = way.voter && denied(way.voter, task.again, failure.slug);
  const [other, ...others] = task.others;
  if (failure.slug === "credential-already-issued" && other) {
    const next: Effect = { do: "get-credential", voter: other, person: task.person };
    return [{ ...way, voter, task: { ...task, voter: other, others } }, [next]];
  }
  const stopped = { ...way, voter, task: null, notice: failure };
  return [failure.slug === "wrong-code" && way.place === "code" ? wrongCode(stopped) : stopped, []];
}

/** The voter after an answer; only some say for certain that nothing was issued over this key. */
function denied(voter: Voter, again: boolean, slug: string): Voter {
  const certain = slug === "credential-already-issued" || (slug === "wrong-code" && !again);
  return certain ? { ...voter, redeeming: false } : voter;
}

function wrongCode(way: Way): Way {
  const challenge = way.voter?.challenge;
  if (!way.voter || !challenge) return way;
  const wrong = challenge.wrong + 1;
  const voter = { ...way.voter, challenge: { ...challenge, wrong } };
  const left = Math.max(0, challenge.attempts - wrong);
  return { ...way, voter, notice: { slug: left ? "wrong-code" : "code-used-up", left } };
}
