/**
 * Receipts: what one proves, checked offline against the log's key.
 *
 * A receipt proves that an entry stands at its index in the log that the key signed. It does not
 * show the choices, nor that no later ballot of the same key counts instead.
 */

import { fromBase64, fromUtf8, shorten, type Bytes } from "./bytes";
import { statedOrigin, type Checkpoint } from "./log/checkpoint";
import { BadNote, LogFormatError } from "./log/errors";
import { leafHash, type Hash } from "./log/merkle";
import type { Verifier } from "./log/note";
import { decodeProof, verifyProof } from "./log/tlogproof";
import type { Ballot, BallotCast, LogEvent, Receipt } from "./views";

export const MAX_RECEIPT_CHARS = 1_000_000;

/** Why a receipt proves nothing: a word for people's language; the message is for programmers. */
export type Fault = "unreadable" | "incomplete" | "signature" | "proof" | "edition" | "other-ballot";

/** The receipt proves nothing, or not what it should. */
export class BadReceipt extends Error {
  override name = "BadReceipt";

  constructor(
    readonly fault: Fault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** This event stands at `index` of the log at `checkpoint`. */
export interface Proven {
  readonly index: number;
  readonly event: LogEvent;
  readonly leaf: Hash;
  readonly checkpoint: Checkpoint;
}

/** A receipt as saved or answered, not verified; throws `BadReceipt`. */
export function parseReceipt(text: string): Receipt {
  if (text.length > MAX_RECEIPT_CHARS) throw new BadReceipt("unreadable", "it is far too long");
  let value: Partial<Receipt> | null;
  try {
    value = JSON.parse(text) as Partial<Receipt> | null;
  } catch {
    throw new BadReceipt("unreadable", "it is no JSON");
  }
  if (
    typeof value?.edition !== "string" ||
    typeof value.entry !== "string" ||
    typeof value.proof !== "string" ||
    !Number.isSafeInteger(value.index)
  ) {
    throw new BadReceipt("unreadable", "edition, index, entry and proof are needed");
  }
  return value as Receipt;
}

/** The origin of the log that the receipt is said to come from: whose key verifies it. */
export function originOf(receipt: Receipt): string {
  return inReceipt(() => statedOrigin(decodeProof(receipt.proof).checkpoint));
}

/** What the receipt proves, if `verifier` is the log's key; throws `BadReceipt`. */
export async function verifyReceipt(receipt: Receipt, verifier: Verifier): Promise<Proven> {
  const entry = inReceipt(() => fromBase64(receipt.entry));
  const proof = inReceipt(() => decodeProof(receipt.proof));
  const leaf = await leafHash(entry);
  let checkpoint: Checkpoint;
  try {
    checkpoint = await verifyProof(proof, leaf, verifier);
  } catch (error) {
    throw asBadReceipt(error);
  }
  if (receipt.index !== proof.index) {
    throw new BadReceipt("proof", `it names index ${receipt.index} and its proof ${proof.index}`);
  }
  const event = decodeEvent(entry);
  if (event.edition !== receipt.edition) {
    throw new BadReceipt(
      "edition",
      `it names edition ${shorten(receipt.edition)} and its entry ${shorten(event.edition)}`,
    );
  }
  return { index: proof.index, event, leaf, checkpoint };
}

/** What a voter knows of each ballot of theirs. */
export type Own = Pick<BallotCast, "key" | "seq" | "credential">;

/** As `verifyReceipt`, and that the entry is this voter's ballot of that `seq`; throws `BadReceipt`. */
export async function verifyOwnReceipt(
  receipt: Receipt,
  edition: string,
  own: Own,
  verifier: Verifier,
): Promise<Proven & { readonly event: BallotCast }> {
  const proven = await verifyReceipt(receipt, verifier);
  const { event } = proven;
  if (!isBallot(event)) throw new BadReceipt("other-ballot", "its entry is no ballot");
  if (event.edition !== edition) throw new BadReceipt("edition", "its entry is of another edition");
  for (const field of ["key", "seq", "credential"] as const) {
    if (event[field] !== own[field]) {
      throw new BadReceipt("other-ballot", `its entry has another ${field} than the voter`);
    }
  }
  return { ...proven, event };
}

/**
 * As `verifyOwnReceipt`, and that the entry commits to what this ballot chose; throws `BadReceipt`.
 *
 * The signature may be another of the same key: ECDSA gives a new one each time.
 */
export async function verifyBallotReceipt(
  receipt: Receipt,
  edition: string,
  ballot: Ballot,
  verifier: Verifier,
): Promise<Proven> {
  const proven = await verifyOwnReceipt(receipt, edition, ballot, verifier);
  if (proven.event.commitment !== ballot.commitment) {
    throw new BadReceipt("other-ballot", "its entry has another commitment than what was sent");
  }
  return proven;
}

/** Whether an event is a ballot. */
export function isBallot(event: LogEvent): event is BallotCast {
  return event.event === "BallotCast";
}

/** The event in a log entry; throws `BadReceipt`. */
export function decodeEvent(entry: Bytes): LogEvent {
  try {
    const event = JSON.parse(fromUtf8(entry)) as Partial<LogEvent> | null;
    if (typeof event?.event === "string" && typeof event.edition === "string") {
      return event as LogEvent;
    }
  } catch {
    // said below
  }
  throw new BadReceipt("unreadable", "its entry is no event");
}

function inReceipt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asBadReceipt(error);
  }
}

/** What evidence that fails means for a receipt; other errors stay what they are. */
export function asBadReceipt(error: unknown): unknown {
  if (error instanceof BadNote) return new BadReceipt("signature", error.message, { cause: error });
  if (error instanceof LogFormatError || error instanceof RangeError) {
    return new BadReceipt("proof", error.message, { cause: error });
  }
  return error;
}
