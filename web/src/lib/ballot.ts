/**
 * A ballot: its commitment, the message that the voter's key signs, and its opening.
 *
 * Commitment = SHA-256("huimin/choices/v1" 00 salt ‖ ids sorted ascending, joined by LF); signed
 * message = "huimin/ballot/v1" 00 edition-id 00 seq (u32 big-endian) commitment (32 bytes).
 */

import { concat, sha256, toBase64, u32, utf8, type Bytes } from "./bytes";
import type { Ballot } from "./views";
import { signWith, type VoterKey } from "./voterkey";

export const SALT_BYTES = 16;

/** 32 bytes that bind the choices without showing them. Ids are ASCII: string order is byte order. */
export function commitmentOf(salt: Bytes, choices: readonly string[]): Promise<Bytes> {
  return sha256(utf8("huimin/choices/v1\0"), salt, utf8([...choices].sort().join("\n")));
}

export function ballotMessage(edition: string, seq: number, commitment: Bytes): Bytes {
  return concat(utf8(`huimin/ballot/v1\0${edition}\0`), u32(seq), commitment);
}

/** A ballot ready to post; `salt` must be 16 fresh random bytes. */
export async function signBallot(
  key: VoterKey,
  edition: string,
  made: {
    readonly credential: Bytes;
    readonly seq: number;
    readonly choices: readonly string[];
    readonly salt: Bytes;
  },
): Promise<Ballot> {
  const commitment = await commitmentOf(made.salt, made.choices);
  const signature = await signWith(key, ballotMessage(edition, made.seq, commitment));
  return {
    key: toBase64(key.point),
    credential: toBase64(made.credential),
    seq: made.seq,
    choices: made.choices,
    salt: toBase64(made.salt),
    signature: toBase64(signature),
    commitment: toBase64(commitment),
  };
}
