/** From "who are you" to the credential. */

import type { ChallengeRequest, Person } from "../lib/views";
import { withCredential, type Voter } from "./voter";
import type { Effect, Event, Failure, Step, Way } from "./way";

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
      return prepare(way, event.request);
    case "at-counter":
      return prepare(way, event.person);
    case "new-code-wanted":
      if (way.asked !== null) return prepare(way, way.asked);
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
      const voter = withCredential(way.voter, event.credential);
      return [{ ...way, voter, task: null, asked: null, place: "select", notice: null }, []];
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
function prepare(way: Way, then: ChallengeRequest | Person): Step {
  if (!free(way)) return [way, []];
  return [
    { ...way, task: { doing: "preparing", then }, notice: null },
    [{ do: "prepare", voter: way.voter }],
  ];
}

function proceed(way: Way, voter: Voter, then: ChallengeRequest | Person): Step {
  if ("by" in then) {
    const next: Effect = { do: "get-credential", voter, person: then };
    return [{ ...way, voter, task: { doing: "redeeming" } }, [next]];
  }
  const next: Effect = { do: "ask-code", request: then };
  return [{ ...way, voter, asked: then, task: { doing: "asking" } }, [next]];
}

function codeTyped(way: Way, code: string): Step {
  const challenge = way.voter?.challenge;
  if (!challenge || !free(way)) return [way, []];
  return prepare(way, { by: "phone", challenge: challenge.challenge, code });
}

function failed(way: Way, failure: Failure): Step {
  if (way.task === null || way.task.doing === "sending") return [way, []];
  const place = way.task.doing === "signing" ? "review" : way.place;
  const stopped = { ...way, place, task: null, notice: failure };
  const challenge = way.voter?.challenge;
  if (failure.slug !== "wrong-code" || way.place !== "code" || !way.voter || !challenge) {
    return [stopped, []];
  }
  const wrong = challenge.wrong + 1;
  const voter = { ...way.voter, challenge: { ...challenge, wrong } };
  const left = Math.max(0, challenge.attempts - wrong);
  return [{ ...stopped, voter, notice: { slug: left ? "wrong-code" : "code-used-up", left } }, []];
}
