/**
 * The recovery card: key and credential on paper or in a file, to vote from another device.
 *
 * Its text is a voter's file as `huimin vote` reads it, with the public point beside the key, since
 * browsers do not compute one. Whoever has the card can vote in the voter's place.
 */

import { fromBase64, randomBytes } from "../lib/bytes";
import { credentialMessage } from "../lib/credential";
import type { EditionView } from "../lib/views";
import { signWith, verifyWith } from "../lib/voterkey";
import { newVoter, type Voter } from "./voter";

const MAX_CARD = 100_000;

/** The text is no card, or none for this edition. `why`: which text tells the voter. */
export class BadCard extends Error {
  override name = "BadCard";

  constructor(readonly why: "card-unreadable" | "card-of-another-edition" | "card-invalid") {
    super(why);
  }
}

/** The card's text. */
export function cardText(voter: Voter): string {
  const { format, edition, vkey, key, point, credential, seq } = voter;
  return JSON.stringify({ format, edition, vkey, key, point, credential, seq });
}

/** The voter that a card makes of this device; throws `BadCard`. */
export async function readCard(
  text: string,
  edition: EditionView,
  shuffle: number,
): Promise<Voter> {
  const card = parsed(text);
  if (card.edition !== edition.edition || card.vkey !== edition.vkey) {
    throw new BadCard("card-of-another-edition");
  }
  const { vkey, key, point, credential, seq } = card;
  const blank = newVoter({ edition: edition.edition, vkey, key, point, blinding: null, shuffle });
  const voter: Voter = { ...blank, credential, seq, place: "select" };
  if (!(await isGood(voter, edition))) throw new BadCard("card-invalid");
  return voter;
}

type Card = Pick<Voter, "edition" | "vkey" | "key" | "point" | "credential" | "seq">;

function parsed(text: string): Card {
  try {
    const card = JSON.parse(text.slice(0, MAX_CARD)) as Partial<Card> & { readonly format?: unknown };
    const { edition, vkey, key, point, credential, seq } = card;
    const texts = [edition, vkey, key, point, credential];
    const whole = card.format === "huimin/voter/v1" && texts.every((one) => typeof one === "string");
    if (whole && Number.isInteger(seq) && 0 <= (seq as number) && (seq as number) < 2 ** 31) {
      return card as Card;
    }
  } catch {
    // said below
  }
  throw new BadCard("card-unreadable");
}

/** Whether the key is the point's, and the issuer signed the point for this edition. */
async function isGood(voter: Voter, edition: EditionView): Promise<boolean> {
  if (!edition.roll) return false;
  try {
    const [secret, point] = [fromBase64(voter.key), fromBase64(voter.point)];
    const probe = randomBytes(32);
    const signature = await signWith({ secret, point }, probe);
    const issuer = fromBase64(edition.roll.issuer_key);
    const message = await credentialMessage(edition.edition, issuer, point);
    const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
    const key = await crypto.subtle.importKey("spki", issuer, algorithm, false, ["verify"]);
    const pss = { name: "RSA-PSS", saltLength: 48 };
    const vouched = await crypto.subtle.verify(pss, key, fromBase64(voter.credential), message);
    return vouched && (await verifyWith(point, probe, signature));
  } catch {
    return false; // what is no key or no base64 is no card
  }
}
