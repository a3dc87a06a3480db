/**
 * Does what the machine says: asks the services, makes keys and ballots, saves, waits.
 *
 * Saving comes first and is waited for; if it fails, nothing is sent. A receipt is reported as
 * received only once its proof, its checkpoint's signature and its entry were verified.
 */

import {
  askChallenge,
  askCredential,
  askPuzzle,
  castBallot,
  showEdition,
  showRegistration,
} from "../lib/api";
import { signBallot, SALT_BYTES } from "../lib/ballot";
import { fromBase64, randomBytes, toBase64 } from "../lib/bytes";
import { blind, credentialMessage, unblind } from "../lib/credential";
import { Refused, sleep } from "../lib/http";
import { parseVkey } from "../lib/log/note";
import { verifyBallotReceipt } from "../lib/receipt";
import type { Services } from "../lib/services";
import type { Ballot, Challenge, ChallengeRequest, EditionView, Person } from "../lib/views";
import { generateVoterKey } from "../lib/voterkey";
import { failureOf, troubleOf } from "./failure";
import { committedIssuer, WrongIssuer } from "./issuer";
import { solvePuzzle } from "./puzzle";
import { Overtaken, type Storage } from "./storage";
import { newVoter, type Voter } from "./voter";
import { begin, step, type Effect, type Event, type Facts, type Known, type Step, type Way } from "./way";

/** Quick attempts within one; after them the page says what is the matter and goes on trying. */
const CAST_ATTEMPTS = 2;
const CAST_TIMEOUT_S = 15;
const REGISTRAR_ATTEMPTS = 3;
/** The page is waited for; what else it says of the registrar, it asks again. */
const BRIEFLY = { attempts: 1, timeoutS: 8 };

export class Runner {
  way: Way;
  private saving: Promise<void> = Promise.resolve();
  private waiting = new AbortController();

  /** `storage` is null where the device keeps nothing; `changed` is called after each step. */
  constructor(
    private readonly services: Services,
    known: Known,
    private storage: Storage | null,
    private readonly changed: (way: Way) => void,
  ) {
    const [way, effects] = begin(known);
    this.way = { ...way, unsaved: storage === null };
    void this.carryOut(effects);
  }

  readonly dispatch = (event: Event): void => {
    const [way, effects]: Step = step(this.way, event);
    if (way === this.way && effects.length === 0) return;
    this.way = way;
    if (way.elsewhere) this.waiting.abort(new Stopped());
    this.changed(way);
    void this.carryOut(effects);
  };

  /** Sends a waiting ballot now: the connection is back. */
  readonly online = (): void => this.dispatch({ type: "send-now" });

  /** Reads again what the services say of the edition; what fails is left for the next time. */
  async refresh(): Promise<void> {
    try {
      const before = this.way.facts.registration;
      const facts = await readFacts(this.services, this.edition, this.way.voter, 1);
      const registration = facts.registration ?? before;
      this.dispatch({ type: "facts", facts: { ...facts, registration } });
    } catch {
      // the facts known stay; whatever is sent next says what is wrong
    }
  }

  private get edition(): string {
    return this.way.facts.edition.edition;
  }

  private async carryOut(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      if (effect.do !== "save") {
        await this.act(effect);
      } else if (!(await this.save(effect))) {
        return;
      }
    }
  }

  private async save({ voter, aside }: Extract<Effect, { do: "save" }>): Promise<boolean> {
    const saved = this.saving.then(async () => {
      if (aside) await this.storage?.setAside();
      if (voter) await this.storage?.save(voter);
    });
    this.saving = saved.catch(() => undefined);
    try {
      await saved;
      return true;
    } catch (error) {
      if (error instanceof Overtaken) {
        this.dispatch({ type: "taken-over" });
      } else {
        this.storage = null;
        this.dispatch({ type: "not-saved" });
      }
      return false;
    }
  }

  private async act(effect: Exclude<Effect, { do: "save" }>): Promise<void> {
    switch (effect.do) {
      case "prepare":
        return this.attempt(() => this.prepare(effect.voter));
      case "ask-code":
        return this.attempt(() => this.askCode(effect.request));
      case "get-credential":
        return this.attempt(() => this.getCredential(effect.voter, effect.person));
      case "sign":
        return this.attempt(() => this.sign(effect.voter, effect.choices));
      case "send":
        return this.send(effect.ballot, effect.after_s);
    }
  }

  private async attempt(work: () => Promise<Event>): Promise<void> {
    let event: Event;
    try {
      event = await work();
    } catch (error) {
      event = { type: "failed", failure: failureOf(error, navigator.onLine) };
    }
    this.dispatch(event);
  }

  /** Compares the issuer's keys; then makes and blinds a key, unless that was done before. */
  private async prepare(voter: Voter | null): Promise<Event> {
    const options = { attempts: REGISTRAR_ATTEMPTS };
    const edition = await showEdition(this.services, this.edition, options);
    const { verifier, issuerKey } = await committedIssuer(this.services, edition);
    if (voter) {
      if (voter.vkey !== verifier.vkey || voter.blinding?.issuer_key !== issuerKey) {
        throw new WrongIssuer("this device was prepared for another issuer key");
      }
      return { type: "prepared", voter };
    }
    const key = await generateVoterKey();
    const message = await credentialMessage(this.edition, fromBase64(issuerKey), key.point);
    const { blindedMessage, inverse } = await blind(fromBase64(issuerKey), message);
    const prepared = newVoter({
      edition: this.edition,
      vkey: verifier.vkey,
      key: toBase64(key.secret),
      point: toBase64(key.point),
      blinding: {
        issuer_key: issuerKey,
        blinded_message: toBase64(blindedMessage),
        inverse: toBase64(inverse),
      },
      shuffle: randomSeed(),
    });
    return { type: "prepared", voter: prepared };
  }

  private async askCode(request: ChallengeRequest): Promise<Event> {
    let challenge: Challenge;
    try {
      challenge = await askChallenge(this.services, this.edition, request);
    } catch (error) {
      if (!(error instanceof Refused && error.slug === "proof-of-work-needed")) throw error;
      this.dispatch({ type: "puzzled" });
      const puzzle = await askPuzzle(this.services, this.edition);
      const proof_of_work = await solvePuzzle(puzzle);
      challenge = await askChallenge(this.services, this.edition, { ...request, proof_of_work });
    }
    return { type: "challenged", challenge };
  }

  private async getCredential(voter: Voter, person: Person): Promise<Event> {
    const { blinding } = voter;
    if (!blinding) throw new WrongIssuer("the way to the credential was lost");
    const { blind_signature } = await askCredential(
      this.services,
      this.edition,
      { person, blinded_message: blinding.blinded_message },
      { attempts: REGISTRAR_ATTEMPTS },
    );
    const issuer = fromBase64(blinding.issuer_key);
    const message = await credentialMessage(this.edition, issuer, fromBase64(voter.point));
    const signature = fromBase64(blind_signature);
    const credential = await unblind(issuer, message, signature, fromBase64(blinding.inverse));
    return { type: "credential", credential: toBase64(credential) };
  }

  private async sign(voter: Voter, choices: readonly string[]): Promise<Event> {
    const key = { secret: fromBase64(voter.key), point: fromBase64(voter.point) };
    const credential = fromBase64(voter.credential);
    const salt = randomBytes(SALT_BYTES);
    const made = { credential, seq: voter.seq + 1, choices, salt };
    return { type: "signed", ballot: await signBallot(key, voter.edition, made) };
  }

  private async send(ballot: Ballot, after_s: number): Promise<void> {
    this.waiting.abort(new Stopped());
    this.waiting = new AbortController();
    const { signal } = this.waiting;
    try {
      if (after_s > 0) await sleep(after_s, signal);
      this.dispatch({ type: "under-way", ballot });
      const options = { attempts: CAST_ATTEMPTS, timeoutS: CAST_TIMEOUT_S, signal };
      const receipt = await castBallot(this.services, this.edition, ballot, options);
      const verifier = await parseVkey(this.way.voter?.vkey ?? "");
      await verifyBallotReceipt(receipt, this.edition, ballot, verifier);
      this.dispatch({ type: "received", ballot, receipt });
    } catch (error) {
      if (!signal.aborted) this.dispatch(this.afterCast(ballot, error));
    }
  }

  private afterCast(ballot: Ballot, error: unknown): Event {
    const { task } = this.way;
    const attempt = task?.doing === "sending" ? task.attempt : 1;
    const trouble = troubleOf(error, navigator.onLine, attempt);
    if (trouble) return { type: "not-received", ballot, trouble };
    return { type: "refused", ballot, failure: failureOf(error, navigator.onLine) };
  }
}

/**
 * What the services say of an edition; without the registrar if that cannot be asked. Who has a
 * credential has no need of it: a ballot that waits to be sent does not wait for the registrar.
 */
export async function readFacts(
  services: Services,
  edition: string,
  voter: Voter | null,
  attempts?: number,
): Promise<Facts> {
  const options = attempts === undefined ? {} : { attempts };
  const [view, registration] = await Promise.all([
    showEdition(services, edition, options),
    voter?.credential ? null : showRegistration(services, edition, BRIEFLY).catch(() => null),
  ]);
  return { edition: view as EditionView, registration };
}

/** A send that another one replaced. */
class Stopped extends Error {
  override name = "Stopped";
}

function randomSeed(): number {
  return new DataView(randomBytes(4).buffer).getUint32(0);
}
